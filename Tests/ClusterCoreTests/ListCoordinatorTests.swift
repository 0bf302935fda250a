import Testing

@testable import ClusterCore

@Suite struct ListCoordinatorTests {
    private let value = Versions.written("v", actor: 1, counter: 1)

    /// 60 keys of all kinds, on replicas that differ; and those of them that a listing must show.
    private func mixed(seed: UInt64) -> (cluster: ListCluster, live: [String]) {
        var cluster = ListCluster()
        cluster.random = QuorumRandom(seed: seed)
        var live: [String] = []
        for number in 0..<60 {
            let key = "\(number % 2 == 0 ? "even" : "odd")-\(number)"
            let replicas = ListCluster.replicas(of: ListCluster.storageKey(key)).shuffled(
                using: &cluster.random)
            switch number % 5 {
            case 0:
                // Deleted, which one replica doesn't know yet.
                cluster.store(value, of: key, at: replicas)
                cluster.store(value.deleted(actor: 2, counter: 2), of: key, at: Array(replicas.prefix(2)))
            case 1:
                cluster.store(
                    .written("v", actor: 1, counter: 1, expiresAt: 1_000), of: key,
                    at: Array(replicas.prefix(2)))
            default:
                // Missing at one replica.
                cluster.store(value, of: key, at: Array(replicas.prefix(2)))
                live.append(key)
            }
        }
        return (cluster, live)
    }

    @Test func listsEachLiveKeyOnceWhateverThePages() throws {
        for seed in 0..<20 as Range<UInt64> {
            for limit in [1, 2, 7, 36, 100] {
                for pageSize in [1, 3, 1_000] {
                    var (cluster, live) = mixed(seed: seed)
                    cluster.pageSize = pageSize
                    let keys = try cluster.listAll(limit: limit, maximumAsks: 2 + Int(seed))
                    #expect(
                        keys.sorted() == live.sorted(), "seed \(seed), limit \(limit), pages of \(pageSize)")
                }
            }
        }
    }

    @Test func keysComeInStorageOrder() throws {
        var (cluster, live) = mixed(seed: 3)
        let keys = try cluster.listAll(limit: 5)
        #expect(keys == live.sorted { ListCluster.storageKey($0).sortsBefore(ListCluster.storageKey($1)) })
    }

    @Test func listsOnlyThePrefix() throws {
        var (cluster, live) = mixed(seed: 4)
        #expect(
            try cluster.listAll(prefix: "odd", limit: 4).sorted()
                == live.filter { $0.hasPrefix("odd") }.sorted())
        #expect(try cluster.list(prefix: "none") == Listing(keys: [], cursor: nil))
    }

    @Test func withOneNodeDownTheOthersAnswer() throws {
        var (cluster, live) = mixed(seed: 5)
        cluster.down = [nodeB]
        // Each key is at two of its three replicas, so one of those that are up has it.
        let reachable = live.filter { key in
            let key = ListCluster.storageKey(key)
            return ListCluster.replicas(of: key).contains {
                $0 != nodeB && cluster.rows[$0]?[key.bytes] != nil
            }
        }
        #expect(reachable.count == live.count)
        #expect(try cluster.listAll(limit: 10).sorted() == live.sorted())
        let failure = #expect(throws: RequestError.self) { try cluster.list(r: 3) }
        #expect(failure?.code == .quorumNotReached)
        #expect(failure?.replicasNeeded == 3)
    }

    @Test func aNodeThatIsDownCostsOneFailureAndNotOneARound() throws {
        var cluster = ListCluster()
        cluster.down = [nodeB]
        // Four segments, of which three have node B: two asks each, and the one that failed.
        #expect(try cluster.list() == Listing(keys: [], cursor: nil))
        #expect(cluster.asks == 9)
    }

    @Test func returnsEarlyWithACursorWhenItHasAskedEnough() throws {
        var cluster = ListCluster()
        let first = try cluster.list(maximumAsks: 4)
        #expect(first.keys.isEmpty)
        #expect(first.cursor == ListCursor.from(partition: 8).encode())
        let rest = try cluster.list(cursor: first.cursor ?? [], maximumAsks: 4)
        #expect(rest == Listing(keys: [], cursor: nil))
        #expect(cluster.asks == 8)
    }

    @Test func aListingThatEndsAtTheLimitHasNoCursor() throws {
        var (cluster, live) = mixed(seed: 6)
        #expect(try cluster.list(limit: live.count).cursor == nil)
        #expect(try cluster.list(limit: live.count - 1).cursor != nil)
    }

    @Test(arguments: [0, -1, 10_001])
    func refusesALimitOutOfRange(limit: Int) {
        var cluster = ListCluster()
        let message = "limit must be between 1 and 10000, not \(limit)"
        #expect(throws: RequestError(code: .invalidArgument, message: message)) {
            try cluster.list(limit: limit)
        }
    }
}

/// Single events, as the runtime may deliver them.
@Suite struct ListEventTests {
    private let segment = ListSegment(firstPartition: 0, lastPartition: 15, replicas: threeNodes)
    private let value = Versions.written("v", actor: 1, counter: 1)

    private func coordinator(r: Int = 2) -> ListCoordinator {
        ListCoordinator(
            segments: [segment], bucket: "b", prefix: [], limit: 10, cursor: nil, r: r, policy: .siblings,
            now: 0)
    }

    private func actions(
        _ list: inout ListCoordinator,
        _ event: (inout ListCoordinator, inout [ListCoordinator.Action]) -> Void
    ) -> [ListCoordinator.Action] {
        var actions: [ListCoordinator.Action] = []
        event(&list, &actions)
        return actions
    }

    private func row(_ key: String) -> ListRow {
        ListRow(key: ListCluster.storageKey(key), versions: value)
    }

    @Test func pagesOfEarlierRoundsAndSecondPagesOfANodeAreIgnored() {
        var list = coordinator()
        _ = actions(&list) { $0.start(&$1) }
        let rows = ["a", "b", "c"].map(row).sorted { $0.key.sortsBefore($1.key) }
        let one = Array(rows.prefix(1))
        #expect(actions(&list) { $0.received(one, isLast: false, from: nodeA, round: 1, &$1) } == [])
        #expect(actions(&list) { $0.received(one, isLast: false, from: nodeA, round: 1, &$1) } == [])
        #expect(
            actions(&list) { $0.received(one, isLast: false, from: nodeC, round: 1, &$1) } == [], "not asked")
        #expect(actions(&list) { $0.received(rows, isLast: true, from: nodeB, round: 1, &$1) }.count == 2)
        #expect(actions(&list) { $0.received(rows, isLast: true, from: nodeB, round: 1, &$1) } == [])
        #expect(actions(&list) { $0.failed(nodeA, .down, round: 1, &$1) } == [])
        let rest = Array(rows.dropFirst())
        _ = actions(&list) { $0.received(rest, isLast: true, from: nodeA, round: 2, &$1) }
        #expect(
            actions(&list) { $0.received(rest, isLast: true, from: nodeB, round: 2, &$1) }
                == [.respond(Listing(keys: rows.map(\.key.key), cursor: nil)), .finished])
    }

    @Test func aPageThatCannotBeTheAnswerCountsAsAFailure() {
        let sorted = ["a", "b"].map(row).sorted { $0.key.sortsBefore($1.key) }
        let foreign = ListRow(key: StorageKey(bucket: "c", key: [1], partitionCount: 16), versions: value)
        let pages: [(rows: [ListRow], isLast: Bool)] = [
            (sorted.reversed(), true), ([sorted[0], sorted[0]], true), ([foreign], true), ([], false),
        ]
        for page in pages {
            var list = coordinator()
            _ = actions(&list) { $0.start(&$1) }
            let next = actions(&list) {
                $0.received(page.rows, isLast: page.isLast, from: nodeA, round: 1, &$1)
            }
            guard case .ask(nodeC, _, round: 1) = next.first, next.count == 1 else {
                Issue.record("\(page) was taken: \(next)")
                continue
            }
        }
    }

    @Test func failsWhenTooFewReplicasAnswer() {
        var list = coordinator(r: 3)
        _ = actions(&list) { $0.start(&$1) }
        for node in [nodeA, nodeB] {
            _ = actions(&list) { $0.received([], isLast: true, from: node, round: 1, &$1) }
        }
        let error = RequestError(
            code: .quorumNotReached, message: "2 of 3 replicas answered, 3 needed: 1 unreachable",
            replicasAnswered: 2, replicasNeeded: 3)
        #expect(actions(&list) { $0.failed(nodeC, .down, round: 1, &$1) } == [.fail(error), .finished])
        #expect(actions(&list) { $0.deadlineElapsed(&$1) } == [])
    }

    @Test func theDeadlineFailsOnlyIfNothingWasReached() {
        var list = coordinator()
        _ = actions(&list) { $0.start(&$1) }
        var early = list
        let error = RequestError(
            code: .deadlineExceeded, message: "0 of 3 replicas answered in time, 2 needed: 2 silent",
            replicasAnswered: 0, replicasNeeded: 2)
        #expect(actions(&early) { $0.deadlineElapsed(&$1) } == [.fail(error), .finished])
        for node in [nodeA, nodeB] {
            _ = actions(&list) { $0.received([row("a")], isLast: false, from: node, round: 1, &$1) }
        }
        let listing = Listing(
            keys: [Array("a".utf8)], cursor: ListCursor.after(ListCluster.storageKey("a")).encode())
        #expect(actions(&list) { $0.deadlineElapsed(&$1) } == [.respond(listing), .finished])
    }
}

@Suite struct ListCursorTests {
    private func decode(_ token: [UInt8]) throws(RequestError) -> ListCursor? {
        try ListCursor.decode(token, bucket: "b", partitionCount: 16)
    }

    @Test func roundTrips() throws {
        for cursor in [ListCursor.after(ListCluster.storageKey("key")), .from(partition: 15)] {
            #expect(try decode(cursor.encode()) == cursor)
        }
        #expect(try decode([]) == nil)
    }

    @Test func refusesGarbage() {
        let other = ListCursor.after(StorageKey(bucket: "c", key: [1], partitionCount: 16)).encode()
        let otherCluster = ListCursor.after(
            StorageKey(bucket: "b", key: Array("key".utf8), partitionCount: 4_096)
        ).encode()
        var moved = ListCursor.after(ListCluster.storageKey("key")).encode()
        moved[3] ^= 1
        let tokens: [[UInt8]] = [
            [1], [2, 2, 0, 0], [1, 3, 0, 0], [1, 2, 0], [1, 2, 0, 16], [1, 2, 0, 0, 0], [1, 1], [1, 1, 0, 0],
            [1, 1, 0, 0, 1, 0x62], Array("garbage".utf8), other, otherCluster, moved,
        ]
        for token in tokens {
            let error = #expect(throws: RequestError.self, "\(token)") { try decode(token) }
            #expect(error?.code == .invalidArgument)
        }
    }
}
