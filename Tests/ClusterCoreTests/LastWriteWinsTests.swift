import Testing

@testable import ClusterCore

/// That the last write wins must not mean that a clock which is behind undoes what its client had seen.
@Suite struct LastWriteWinsTests {
    /// B and C have v1, A missed it and its clock is behind. A client reads v1 and puts v2 through A, with the token of
    /// that reading: v2 must be what all have in the end.
    @Test func aWriteThroughAStaleReplicaWithASlowClockWinsOverWhatItsClientHadRead() throws {
        let key = StorageKey(bucket: "b", key: [1], partitionCount: 1)
        let v1 = Sibling.Content.value([1], contentType: "")
        let v2 = Sibling.Content.value([2], contentType: "")
        var atB = Versions()
        atB.write(
            v1, dot: Dot(actor: 2, counter: 1), timestamp: Timestamp(milliseconds: 100),
            context: CausalContext(), policy: .lastWriteWins)

        let token = ContextToken.encode(try read([atB, atB]).causalContext, for: key)
        var put = PutCoordinator(
            local: nodeA, sets: ReplicaSets(threeNodes), w: 2,
            context: try ContextToken.decode(token, for: key))
        var actions: [PutCoordinator.Action] = []
        put.start(&actions)
        guard case .writeLocally(let context) = actions.first else {
            Issue.record("nothing is written: \(actions)")
            return
        }
        var atA = Versions()
        atA.write(
            v2, dot: Dot(actor: 1, counter: 1), timestamp: Timestamp(milliseconds: 50), context: context,
            policy: .lastWriteWins)
        let written = atA
        atB.merge(written, policy: .lastWriteWins)
        atA.merge(try read([atB, written]), policy: .lastWriteWins)

        for replica in [atA, atB] { #expect(replica.siblings.map(\.content) == [v2]) }
        #expect(atA == atB)
    }

    /// What a reading makes of these answers.
    private func read(_ answers: [Versions]) throws -> Versions {
        var get = GetCoordinator(
            replicas: Array(threeNodes.prefix(answers.count)), r: answers.count, policy: .lastWriteWins,
            fanout: .all)
        var actions: [GetCoordinator.Action] = []
        get.start(&actions)
        for (node, versions) in zip(threeNodes, answers) { get.received(versions, from: node, &actions) }
        let results = actions.compactMap { if case .respond(let versions) = $0 { versions } else { nil } }
        return try #require(results.first)
    }

    /// In random histories with skewed clocks, lost messages and replicas that are behind: a write is later than each
    /// that its client had seen, and no replica that knows of it holds one of those.
    @Test func aWriteNeverLosesToWhatItsClientHadSeen() {
        var (pairs, rescued) = (0, 0)
        for seed in 0..<2000 as Range<UInt64> {
            var history = VersionHistory(seed: seed, policy: .lastWriteWins)
            history.run(steps: 60) { history, index in
                let state = history.replicas[index].state
                let known = history.dots(replaced(in: history, by: state.truth.seen))
                if state.versions.siblings.contains(where: { known.contains($0.dot) }) {
                    Issue.record("a write lost to what its client had seen, seed \(seed)")
                }
            }
            for write in history.writes {
                for (index, earlier) in history.writes.enumerated() where write.past >> UInt64(index) & 1 == 1
                {
                    if (earlier.timestamp, earlier.dot) >= (write.timestamp, write.dot) {
                        Issue.record("a write stamped before what its client had seen, seed \(seed)")
                    }
                    pairs += 1
                }
                if write.timestamp > write.clock { rescued += 1 }
            }
        }
        print("under lastWriteWins: \(pairs) pairs of cause and effect, \(rescued) writes with clocks behind")
        #expect(rescued > 1000, "the clocks were never behind")
    }

    /// The writes that a write among `seen` had in its client's past.
    private func replaced(in history: VersionHistory, by seen: UInt64) -> UInt64 {
        history.writes.enumerated().reduce(0) { all, next in
            seen >> UInt64(next.offset) & 1 == 1 ? all | next.element.past : all
        }
    }
}
