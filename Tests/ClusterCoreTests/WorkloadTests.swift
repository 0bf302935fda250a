import Testing

@testable import ClusterCore

private func key(_ text: String) -> StorageKey {
    StorageKey(bucket: "b", key: Array(text.utf8), partitionCount: 64)
}

@Suite struct SizeHistogramTests {
    @Test(arguments: [
        (0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (127, 7), (128, 8), (1 << 31, 32), (Int.max, 32),
    ])
    func aSizeIsCountedByItsBinaryDigits(size: Int, bin: Int) {
        var histogram = SizeHistogram()
        histogram.add(size)
        #expect(histogram.counts.indices.filter { histogram.counts[$0] > 0 } == [bin])
    }

    @Test func mergingAddsUp() {
        var (one, other) = (SizeHistogram(), SizeHistogram())
        for size in [5, 6, 100] { one.add(size) }
        for size in [7, 0] { other.add(size) }
        one.merge(other)
        #expect(one.counts[0] == 1 && one.counts[3] == 3 && one.counts[7] == 1)
        #expect(one.counts.reduce(0, +) == 5)
        #expect(one.sums[3] == 18 && one.sums[7] == 100 && one.sums.reduce(0, +) == 118)
    }
}

@Suite struct HyperLogLogTests {
    @Test func aRegisterHasTheMostZerosThatAHashOfItsOwnBeganWith() {
        var log = HyperLogLog()
        log.add(3 << 54 | 1 << 53)
        #expect(log.registers[3] == 1)
        log.add(3 << 54 | 1 << 50)
        #expect(log.registers[3] == 4)
        log.add(3 << 54 | 1 << 52)
        #expect(log.registers[3] == 4, "the most stays")
        log.add(1_023 << 54)
        #expect(log.registers[1_023] == 55, "all zeros")
        #expect(log.registers.count == 1_024 && log.registers.count { $0 > 0 } == 2)
    }

    @Test func mergedRegistersAreThoseOfTheUnion() {
        var random = SplitMix64(seed: 7)
        var (one, other, both) = (HyperLogLog(), HyperLogLog(), HyperLogLog())
        for index in 0..<10_000 {
            let hash = random.next()
            if index % 3 != 0 { one.add(hash) }
            if index % 3 != 1 { other.add(hash) }
            both.add(hash)
        }
        #expect(one != both)
        one.merge(other)
        #expect(one == both)
    }
}

@Suite struct KeyPopularityTests {
    /// Skewed: the square of a uniform draw.
    private func stream(_ count: Int, below bound: Int, seed: UInt64) -> [UInt64] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            let draw = random.next(below: bound)
            return UInt64(draw * draw / bound)
        }
    }

    @Test func withACounterForEachHashAllCountsAreExact() {
        var popularity = KeyPopularity(capacity: 100)
        let stream = stream(5_000, below: 100, seed: 1)
        for hash in stream { popularity.add(hash) }
        let exact = Dictionary(grouping: stream) { $0 }.values.map { UInt64($0.count) }.sorted(by: >)
        #expect(popularity.counters.map(\.count) == exact)
        #expect(popularity.counters.allSatisfy { $0.error == 0 })
    }

    @Test(arguments: [1, 2, 3, 10, 64])
    func aCounterIsNeverBelowTheCountAndAboveItByItsErrorAtMost(capacity: Int) {
        var popularity = KeyPopularity(capacity: capacity)
        let stream = stream(4_000, below: 1_000, seed: UInt64(capacity))
        // Of a hash with a counter, the label: the number of its first sample since it has it.
        var labels: [UInt64: UInt64] = [:]
        var exact: [UInt64: UInt64] = [:]
        for hash in stream {
            let before = Set(popularity.counters.map(\.label))
            popularity.add(hash)
            exact[hash, default: 0] += 1
            if let new = popularity.counters.first(where: { !before.contains($0.label) }) {
                labels[hash] = new.label
            }
        }
        let counters = popularity.counters
        #expect(popularity.samples == 4_000)
        #expect(counters.count == capacity && Set(counters.map(\.label)).count == capacity)
        #expect(counters.map(\.count).reduce(0, +) == 4_000)
        #expect(counters.allSatisfy { $0.error <= 4_000 / UInt64(capacity) })
        for counter in counters {
            let hash = labels.first { $0.value == counter.label }!.key
            #expect((counter.count - counter.error...counter.count).contains(exact[hash]!))
        }
    }

    @Test func whatComesMoreOftenThanAllByTheNumberOfCountersHasOne() {
        var popularity = KeyPopularity(capacity: 8)
        // Five that come 400 times each between 1,000 that come once: 400 is more than 3,000 / 8.
        var hashes = (0..<1_000).map { UInt64($0) }
        for often in 0..<5 { hashes += Array(repeating: UInt64(5_000 + often), count: 400) }
        var random = SplitMix64(seed: 3)
        random.shuffle(&hashes)
        for hash in hashes { popularity.add(hash) }
        // What comes once takes over 375 at most.
        #expect(popularity.counters.count { $0.count >= 400 } == 5)
    }

    @Test func lanesHaveLabelsOfTheirOwn() {
        var labels: [UInt64] = []
        for lane in 0..<3 {
            var popularity = KeyPopularity(capacity: 4, lane: lane, lanes: 3)
            for hash in 0..<10 { popularity.add(UInt64(hash)) }
            labels += popularity.counters.map(\.label)
        }
        #expect(Set(labels).count == 12)
    }
}

@Suite struct WorkloadSamplerTests {
    @Test func eachRequestIsCountedByKindAndSize() {
        var sampler = WorkloadSampler(every: 1, shard: 0, of: 1)
        sampler.get(key("a"))
        sampler.get(key("abcd"))
        sampler.foundNothing()
        sampler.put(key("a"), .value([UInt8](repeating: 0, count: 300), contentType: "text/plain"))
        sampler.put(key("a"), .tombstone)
        sampler.update(key("n"))
        sampler.list(limit: 10)
        let counts = sampler.counts
        #expect(counts.gets == 2 && counts.puts == 1 && counts.deletes == 1)
        #expect(counts.updates == 1 && counts.lists == 1 && counts.notFound == 1)
        #expect(counts.keyBytes.counts[1] == 4 && counts.keyBytes.counts[3] == 1)
        #expect(counts.valueBytes.counts[9] == 1 && counts.valueBytes.counts.reduce(0, +) == 1)
        #expect(counts.listLimits.counts[4] == 1)
        #expect(sampler.popularity.counters.map(\.count) == [3, 1, 1])
    }

    @Test func aSampleHasItsPartOfTheRequestsThoughTheyRepeatThemselves() {
        var sampler = WorkloadSampler(every: 64, shard: 0, of: 1)
        // 64 keys in turn: every 64th request would always be for the same one.
        for index in 0..<640_000 { sampler.get(key("\(index % 64)")) }
        let counters = sampler.popularity.counters
        #expect((9_500...10_500).contains(sampler.popularity.samples))
        #expect(counters.count == 64)
        #expect(counters.allSatisfy { (90...240).contains($0.count) })
        #expect(sampler.counts.gets == 640_000)
        #expect((58...64).contains(sampler.counts.keys.registers.count { $0 > 0 }), "all requests count")
    }

    @Test func shardsAddUpToTheNode() {
        var shape = WorkloadShape()
        for shard in 0..<2 {
            var sampler = WorkloadSampler(every: 1, shard: shard, of: 2)
            for index in 0..<10 { for _ in 0...index { sampler.get(key("\(shard)-\(index)")) } }
            shape.add(sampler)
        }
        #expect(shape.counts.gets == 110 && shape.samples == 110)
        #expect(shape.popularity.map(\.count) == (1...10).reversed().flatMap { [UInt64($0), UInt64($0)] })
        #expect(Set(shape.popularity.map(\.label)).count == 20)
    }
}
