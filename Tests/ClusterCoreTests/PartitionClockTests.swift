import Testing

@testable import ClusterCore

@Suite struct PartitionClockTests {
    private func vector(_ actor: UInt64, _ counter: UInt64) -> VersionVector {
        VersionVector([Dot(actor: actor, counter: counter)])
    }

    @Test func eachClassHasItsOwn() {
        var clock = PartitionClock(sizes: 1)
        clock.join(vector(1, 5), n: 3)
        clock.join(vector(2, 7), n: 1)
        clock.join(vector(1, 4), n: 3)
        clock.join(VersionVector(), n: 2)
        #expect(clock[3] == vector(1, 5) && clock[1] == vector(2, 7) && clock[2].isEmpty && clock[4].isEmpty)
        clock.trim(toPlace: 1)
        #expect(clock[1].isEmpty && clock[3] == vector(1, 5))
        clock.forget([3])
        #expect(clock.isEmpty)
    }

    /// A comparison at a depth is about the keys of greater n alone.
    @Test func whatWasNotComparedIsNotLearnt() {
        var theirs = PartitionClock(sizes: 1)
        theirs.join(vector(1, 5), n: 2)
        theirs.join(vector(1, 6), n: 3)
        var ours = PartitionClock(sizes: 1)
        ours.join(theirs, depth: 2)
        #expect(ours[2].isEmpty && ours[3] == vector(1, 6))
        ours.join(theirs, depth: 1)
        #expect(ours[2] == vector(1, 5))
    }

    @Test func clocksByOtherSizesSayNothing() {
        var theirs = PartitionClock(sizes: 2)
        theirs.join(vector(1, 5), n: 3)
        var ours = PartitionClock(sizes: 1)
        ours.join(theirs, depth: 0)
        #expect(ours.isEmpty)
    }

    @Test func noPlaceWithoutAList() {
        var clock = PartitionClock(sizes: 1)
        clock.join(vector(1, 5), n: 3)
        clock.trim(toPlace: nil)
        #expect(clock.isEmpty)
    }

    @Test func encodedAndBack() throws {
        var samples = CodecSamples(seed: 77)
        for _ in 0..<500 {
            let clock = samples.clock()
            var writer = ByteWriter()
            clock.encode(into: &writer)
            var reader = ByteReader(writer.bytes)
            #expect(try PartitionClock.decode(&reader) == clock)
            try reader.expectEnd()
        }
    }

    @Test(
        arguments: [
            [0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 5],  // n = 0
            [0, 0, 0, 0, 0, 0, 0, 1, 1, 3, 0],  // nothing seen
            [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 5, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 5],
        ] as [[UInt8]]) func nonsenseIsRefused(bytes: [UInt8])
    {
        #expect(throws: CodecError.self) {
            var reader = ByteReader(bytes)
            _ = try PartitionClock.decode(&reader)
        }
    }
}
