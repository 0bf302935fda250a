import ClusterCore
import Engine
import Testing

@testable import Cluster

/// What a node vouches for. A clock that claims too much would have writes dropped.
@Suite struct ClockStoreTests {
    private static func sizes(_ named: [String: Int] = [:]) -> BucketSizeTable {
        var table = BucketTable()
        for (name, n) in named {
            try! table.set(
                BucketProperties(n: n, r: 1, w: 1), of: name, timestamp: Timestamp(milliseconds: 1),
                node: NodeID(name: "a"))
        }
        return BucketSizeTable(table, defaults: BucketProperties(n: 3, r: 2, w: 2))
    }

    private func store(
        _ stored: [Int: PartitionClock] = [:], committed: UInt64 = 0, place: Int? = 1,
        sizes: BucketSizeTable = sizes()
    ) -> ClockStore {
        ClockStore(
            stored, actor: 7, committed: committed, places: place.map { [0: $0] } ?? [:], sizes: sizes,
            token: 1)
    }

    private func agreement(
        with clocks: ClockStore, actor: UInt64 = 8, counter: UInt64 = 5, n: Int = 3, depth: Int = 1
    ) -> TreeAgreement {
        let told = clocks.told(of: 0)
        var clock = PartitionClock(sizes: told.clock.sizes)
        clock.join(VersionVector([Dot(actor: actor, counter: counter)]), n: n)
        return TreeAgreement(
            tree: TreeRef(partition: 0, depth: depth), clock: clock, token: told.token)
    }

    private func agree(
        _ agreements: [TreeAgreement], _ clocks: ClockStore, _ executor: EngineExecutor
    ) async throws {
        try await withCheckedContinuation { done in
            let job = ClockJob(agreements, clocks: clocks, durability: .buffered) {
                done.resume(returning: $0)
            }
            do throws(EngineError) { try executor.submit(job) } catch {
                done.resume(returning: .failure(error))
            }
        }.get()
    }

    private let key = StorageKey(bucket: "b", key: [1], partitionCount: 1)

    @Test func ownWritesCountOnceTheyAreCommitted() {
        let clocks = store()
        #expect(clocks.told(of: key).isEmpty && clocks.seen(of: key).isEmpty)
        clocks.committed(upTo: 4)
        #expect(clocks.told(of: key)[7] == 4)
        clocks.commitFailed()
        #expect(clocks.told(of: key).isEmpty)
    }

    @Test func aReplicaThatHoldsNoKeyOfAClassSaysNothingOfIt() {
        let clocks = store(committed: 4, place: 2, sizes: Self.sizes(["two": 2]))
        #expect(clocks.told(of: 0).clock[2].isEmpty && clocks.told(of: 0).clock[3][7] == 4)
        #expect(store(committed: 4, place: nil).told(of: 0).clock.isEmpty)
    }

    @Test func whatIsAgreedIsSeenAndStored() async throws {
        try await withTemporaryExecutor { executor in
            let clocks = store()
            try await agree([agreement(with: clocks)], clocks, executor)
            #expect(clocks.seen(of: key)[8] == 5)
            let stored = try await executor.read { engine in Result { try engine.partitionClocks() } }.get()
            #expect(store(stored).seen(of: key)[8] == 5)
            // By other sizes of buckets, or as no replica any more, it says nothing.
            #expect(store(stored, sizes: Self.sizes(["b": 2])).seen(of: key).isEmpty)
            #expect(store(stored, place: nil).seen(of: key).isEmpty)
        }
    }

    @Test func anAgreementOfAnotherTimeIsPassedOver() async throws {
        try await withTemporaryExecutor { executor in
            let clocks = store()
            let old = agreement(with: clocks)
            // The partition goes and comes back, empty.
            clocks.use([:])
            clocks.use([0: 1])
            try await agree([old], clocks, executor)
            #expect(clocks.seen(of: key).isEmpty)
        }
    }

    @Test func aClassThatGetsABucketIsForgotten() async throws {
        try await withTemporaryExecutor { executor in
            let clocks = store(sizes: Self.sizes(["two": 2]))
            try await agree(
                [agreement(with: clocks), agreement(with: clocks, n: 2)], clocks, executor)
            #expect(clocks.told(of: 0).clock[2][8] == 5)
            clocks.use(Self.sizes(["two": 2, "more": 2]))
            #expect(clocks.told(of: 0).clock[2].isEmpty && clocks.told(of: 0).clock[3][8] == 5)
        }
    }

    @Test func whatWasComparedDeeperOrIsNotHeldIsNotLearnt() async throws {
        try await withTemporaryExecutor { executor in
            let clocks = store(sizes: Self.sizes(["two": 2, "one": 1]))
            try await agree(
                [agreement(with: clocks, n: 2, depth: 2), agreement(with: clocks, n: 1, depth: 0)], clocks,
                executor)
            #expect(clocks.told(of: 0).clock.isEmpty)
        }
    }
}
