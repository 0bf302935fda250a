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

    @Test(arguments: [3_600_000, 10 * 365 * 86_400_000] as [UInt64])
    func aWallThatWasWrongLeavesNothingBehind(_ jump: UInt64) {
        let year2026: UInt64 = 1_795_000_000_000
        var clock = HybridClock(maxDriftMillis: 60_000)
        let before = clock.now(wallMillis: year2026)
        let ahead = clock.now(wallMillis: year2026 + jump)
        #expect(ahead.milliseconds == year2026 + jump)
        let back = clock.now(wallMillis: year2026 + 10)
        #expect(back.milliseconds == year2026 + 10 && back > before)
        let behind = clock.now(wallMillis: year2026 - jump)
        #expect(behind.milliseconds == year2026 - jump)
        let again = clock.now(wallMillis: year2026 + 20)
        #expect(again.milliseconds == year2026 + 20 && again > back)
        // Others follow none of what was stamped ahead.
        var other = HybridClock(maxDriftMillis: 60_000)
        let follows = other.observe(ahead, wallMillis: year2026)
        #expect(!follows && other.now(wallMillis: year2026).milliseconds == year2026)
    }

    @Test func aWallThatIsSetBackALittleIsPassedOver() {
        var clock = HybridClock(maxDriftMillis: 60_000)
        let before = clock.now(wallMillis: 1_000_000)
        let after = clock.now(wallMillis: 1_000_000 - 60_000)
        #expect(after == before.successor)
        var strict = HybridClock(maxDriftMillis: 0)
        var last = strict.now(wallMillis: 5_000)
        for _ in 0..<70_000 {
            let next = strict.now(wallMillis: 5_000)
            #expect(next > last)
            last = next
        }
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
