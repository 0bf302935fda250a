import Testing

@testable import ClusterCore

@Suite struct TimestampTests {
    @Test func itHoldsMillisecondsAndALogicalPart() {
        let timestamp = Timestamp(milliseconds: 1_700_000_000_123)
        #expect(timestamp.milliseconds == 1_700_000_000_123)
        #expect(timestamp < timestamp.successor)
        #expect(timestamp.successor.milliseconds == timestamp.milliseconds)
        #expect(timestamp.successor < Timestamp(milliseconds: 1_700_000_000_124))
        #expect(Timestamp(milliseconds: .max).milliseconds == (1 << 48) - 1)
        #expect(Timestamp(rawValue: .max).successor.rawValue == .max)
    }

    @Test func theClockFollowsTheWallAndNeverGoesBack() {
        var clock = HybridClock()
        var last = Timestamp()
        var random = VersionRandom(seed: 1)
        var wall: UInt64 = 1_000_000
        for _ in 0..<10_000 {
            // Still, forward, or back.
            wall = wall + UInt64(random.below(3)) - UInt64(random.below(2))
            let now = clock.now(wallMillis: wall)
            #expect(now > last)
            last = now
        }
        #expect(clock.now(wallMillis: wall + 1_000_000).milliseconds == wall + 1_000_000)
    }

    @Test func aBurstInOneMillisecondCarriesIntoTheNext() {
        var clock = HybridClock()
        let first = clock.now(wallMillis: 5)
        var last = first
        for _ in 0..<70_000 { last = clock.now(wallMillis: 5) }
        #expect(last.rawValue == first.rawValue + 70_000)
        #expect(last.milliseconds == 6)
    }

    @Test func effectsAreStampedAfterTheirCauses() {
        var (ahead, behind) = (HybridClock(), HybridClock())
        let cause = ahead.now(wallMillis: 10_000)
        let accepted = behind.observe(cause, wallMillis: 9_000)
        #expect(accepted)
        #expect(behind.now(wallMillis: 9_000) > cause)
    }

    @Test func aTimestampTooFarAheadIsRefusedAndLeavesTheClockAlone() {
        var clock = HybridClock(maxDriftMillis: 100)
        let before = clock.now(wallMillis: 1000)
        let (onTheEdge, beyond) = (Timestamp(milliseconds: 1100), Timestamp(milliseconds: 1101))
        let refused = clock.observe(beyond, wallMillis: 1000)
        #expect(!refused)
        #expect(clock.last == before)
        let accepted = clock.observe(onTheEdge, wallMillis: 1000)
        #expect(accepted)
        #expect(clock.last == onTheEdge)
        let extreme = clock.observe(Timestamp(rawValue: .max), wallMillis: 1000)
        #expect(!extreme)
    }

    @Test func anOldTimestampDoesNotTakeTheClockBack() {
        var clock = HybridClock()
        let now = clock.now(wallMillis: 1000)
        clock.observe(Timestamp(milliseconds: 1), wallMillis: 1000)
        #expect(clock.last == now)
    }
}
