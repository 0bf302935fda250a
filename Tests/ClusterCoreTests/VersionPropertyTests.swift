import Testing

@testable import ClusterCore

/// What holds in every history, tried on thousands of random ones.
@Suite struct VersionPropertyTests {
    @Test func siblingsAreExactlyTheConcurrentWrites() {
        let histories = 10_000
        var (maxSiblings, maxWriters, states) = (0, 0, 0)
        for seed in 0..<UInt64(histories) {
            var history = VersionHistory(seed: seed, policy: .siblings)
            history.run(steps: 50) { history, index in
                let state = history.replicas[index].state
                let held = state.versions.siblings.map(\.dot)
                // Nothing concurrent is lost, and nothing replaced is kept.
                check(held == history.dots(state.truth.live), "a sibling lost or kept", seed)
                let writers = Set(
                    history.writes.enumerated().filter { state.truth.seen >> UInt64($0.offset) & 1 == 1 }
                        .map(\.element.session)
                ).count
                check(held.count <= writers, "more siblings than writers", seed)
                maxSiblings = max(maxSiblings, held.count)
                maxWriters = max(maxWriters, writers)
                states += 1
            }
        }
        #expect(maxSiblings > 3, "the histories hold no concurrency worth the name")
        print(
            "siblings <= concurrent writers: \(histories) histories, \(states) states,",
            "at most \(maxSiblings) siblings, at most \(maxWriters) writers")
    }

    @Test func noWriteIsReplacedByOneThatDidNotSeeIt() {
        for seed in 0..<1000 as Range<UInt64> {
            var history = VersionHistory(seed: seed, policy: .siblings)
            history.run(steps: 60) { _, _ in }
            history.exchangeAll()
            // Of all the writes, those that are in no other's past.
            let replaced = history.writes.reduce(0) { $0 | $1.past }
            let all = history.writes.indices.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
            let held = history.replicas[0].state.versions.siblings.map(\.dot)
            #expect(held == history.dots(all & ~replaced), "seed \(seed)")
        }
    }

    @Test(arguments: Versions.Policy.allCases)
    func mergeIsCommutativeAssociativeAndIdempotent(_ policy: Versions.Policy) {
        var triples = 0
        for seed in 0..<2000 as Range<UInt64> {
            var history = VersionHistory(seed: seed, policy: policy)
            history.run(steps: 60) { _, _ in }
            let states = (history.messages + history.replicas.map(\.state)).map(\.versions)
            var random = VersionRandom(seed: seed)
            for _ in 0..<30 {
                let (a, b, c) = (
                    states.randomElement(using: &random)!, states.randomElement(using: &random)!,
                    states.randomElement(using: &random)!
                )
                let join = merged(a, b, policy)
                check(join == merged(b, a, policy), "merge isn't commutative", seed)
                check(
                    merged(join, c, policy) == merged(a, merged(b, c, policy), policy),
                    "merge isn't associative", seed)
                check(merged(a, a, policy) == a, "merge isn't idempotent", seed)
                check(merged(join, b, policy) == join, "merge isn't idempotent", seed)
                check(join.descends(a) && join.descends(b), "a join has seen less than its parts", seed)
                check(a.descends(b) == (join == a), "descends disagrees with merge", seed)
                triples += 1
            }
        }
        print("merge laws under \(policy): \(triples) triples of reachable states")
    }

    @Test(arguments: Versions.Policy.allCases)
    func replicasThatExchangedEverythingAreEqual(_ policy: Versions.Policy) {
        for seed in 0..<1000 as Range<UInt64> {
            var history = VersionHistory(seed: seed, policy: policy)
            history.run(steps: 60) { _, _ in }
            history.exchangeAll()
            let first = history.replicas[0].state.versions
            for replica in history.replicas {
                #expect(replica.state.versions == first, "seed \(seed)")
                #expect(
                    VersionsCodec.encode(replica.state.versions) == VersionsCodec.encode(first),
                    "seed \(seed)")
            }
        }
    }

    @Test func theLastWriteWinsEverywhere() {
        var contested = 0
        for seed in 0..<2000 as Range<UInt64> {
            var history = VersionHistory(seed: seed, policy: .lastWriteWins)
            history.run(steps: 60) { history, index in
                check(history.replicas[index].state.versions.siblings.count <= 1, "siblings", seed)
            }
            history.exchangeAll()
            let winner = history.writes.max { ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot) }
            for replica in history.replicas {
                #expect(replica.state.versions.siblings.first?.dot == winner?.dot, "seed \(seed)")
            }
            // The winner by the clock isn't simply the last one written.
            if winner?.dot != history.writes.last?.dot { contested += 1 }
        }
        #expect(contested > 100, "the clocks never disagreed")
    }

    @Test func aCoordinatorStampsItsWriteAfterWhatItReplaces() {
        for policy in Versions.Policy.allCases {
            for seed in 0..<500 as Range<UInt64> {
                var history = VersionHistory(seed: seed, policy: policy)
                var before = history.replicas.map(\.state.versions)
                var writes = 0
                history.run(steps: 60) { history, index in
                    let now = history.replicas[index].state.versions
                    if history.writes.count > writes, let write = history.writes.last {
                        for old in before[index].siblings where !now.siblings.contains(old) {
                            check(old.timestamp < write.timestamp, "stamped before its cause", seed)
                        }
                    }
                    writes = history.writes.count
                    before[index] = now
                }
            }
        }
    }

    /// `#expect` for the inner loops, of which it would take most of the time.
    private func check(_ holds: Bool, _ otherwise: String, _ seed: UInt64) {
        if !holds { Issue.record("\(otherwise), seed \(seed)") }
    }

    private func merged(_ a: Versions, _ b: Versions, _ policy: Versions.Policy) -> Versions {
        var result = a
        result.merge(b, policy: policy)
        return result
    }
}
