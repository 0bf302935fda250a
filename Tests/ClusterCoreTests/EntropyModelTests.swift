import Testing

@testable import ClusterCore

/// Two replicas that differ at random, written to while they are compared, with questions and exchanges that get lost.
@Suite struct EntropyModelTests {
    private struct Model {
        var random: VersionRandom
        var here = EntropyReplica()
        var there = EntropyReplica()
        /// The join of all that was ever written.
        var truth: [StorageKey: Versions] = [:]
        /// Writes that one side has and the other is about to get, or not.
        var underway: [(key: StorageKey, versions: Versions, isForHere: Bool)] = []
        var counter: UInt64 = 0
        var now: UInt64 = 1000
        /// This node is the first of the partition's list, the peer at this place.
        let depth: Int
        let keyCount: Int

        init(seed: UInt64) {
            random = VersionRandom(seed: seed)
            depth = 1 + random.below(3)
            keyCount = 1 + random.below(60)
            for _ in 0..<random.below(150) { write() }
            deliver(percent: 80)
            underway = []
            here.build(rowLimit: 1 + random.below(20))
            there.build(rowLimit: 1 + random.below(20))
        }

        func isShared(_ key: StorageKey) -> Bool { entropySize(ofBucket: key.bucket) > depth }

        /// A write or delete, through any replica that is to hold the key.
        mutating func write() {
            let key = entropyKey(random.below(keyCount), n: 1 + random.below(5))
            let isThere = isShared(key) && random.chance(50)
            let known = (isThere ? there : here).rows[key] ?? Versions()
            counter += 1
            let actor: UInt64 = isThere ? 2 : 1
            // A client that has seen all that this replica has, or nothing; an actor knows its own writes.
            let state =
                random.chance(20)
                ? known.deleted(actor: actor, counter: counter)
                : known.merged(
                    with: .written(
                        "v\(counter)", actor: actor, counter: counter,
                        seen: random.chance(60) ? known : Versions(),
                        expiresAt: UInt64(random.below(2))))
            if isThere { there.merge(state, at: key) } else { here.merge(state, at: key) }
            truth[key, default: Versions()].merge(state, policy: .siblings)
            if isShared(key) { underway.append((key, state, isThere)) }
        }

        /// Each of what is under way arrives with this chance.
        mutating func deliver(percent: Int) {
            underway.removeAll { write in
                guard random.chance(percent) else { return false }
                if write.isForHere {
                    here.merge(write.versions, at: write.key)
                } else {
                    there.merge(write.versions, at: write.key)
                }
                return true
            }
        }

        func differing(_ a: [StorageKey: Versions], _ b: [StorageKey: Versions]) -> Int {
            truth.keys.count { isShared($0) && a[$0] != b[$0] }
        }

        /// One comparison; faults, writes and unbuilt trees in percent of the steps.
        mutating func compare(faults: Int, writes: Int) -> EntropyRun {
            let limits = PartitionComparison.Limits(
                confirmPause: UInt64(random.below(50)), pageBytes: 1 + random.below(400),
                pageRows: 1 + random.below(20), maxKeysInFlight: 1 + random.below(5),
                maxBytesInFlight: 1 + random.below(500), bytesPerSecond: 10_000 + random.below(1_000_000),
                maxFailures: 1 + random.below(4))
            var run = EntropyRun(here, there, depth: depth, limits: limits, now: now)
            for _ in 0..<20_000 where run.report == nil {
                (here, there) = (run.here, run.there)
                if random.chance(writes) { write() }
                if writes > 0 { deliver(percent: 30) }
                if random.chance(faults / 20) { there.unbuild() }
                there.build()
                (run.here, run.there) = (here, there)
                if !run.work.isEmpty, run.wake == nil || random.chance(70) {
                    let index = random.below(run.work.count)
                    run.perform(index, isDone: !random.chance(faults), isTold: !random.chance(faults))
                } else if run.wake != nil {
                    run.awake()
                } else {
                    break
                }
            }
            (here, there, now) = (run.here, run.there, run.now)
            return run
        }
    }

    @Test(arguments: 0..<8) func replicasConverge(part: UInt64) throws {
        for seed in part * 12..<(part + 1) * 12 {
            var model = Model(seed: seed)
            for _ in 0..<4 {
                let run = model.compare(faults: 8, writes: 15)
                #expect(run.report != nil, "seed \(seed): the comparison hangs")
            }
            // Writes end; some never arrived. One comparison without faults finds and repairs just these.
            model.underway = []
            let before = model
            let run = model.compare(faults: 0, writes: 0)
            let report = try #require(run.report, "seed \(seed): the comparison hangs")
            let differing = before.differing(before.here.rows, before.there.rows)
            #expect(report.outcome == .done && report.keysFailed == 0, "seed \(seed)")
            #expect(report.keysDiffering == differing && run.exchanged.count == differing, "seed \(seed)")
            #expect(
                report.repairedHere == before.differing(before.here.rows, before.truth), "seed \(seed)")
            #expect(
                report.repairedThere == before.differing(before.there.rows, before.truth), "seed \(seed)")
            check(model, seed)
            let last = model.compare(faults: 0, writes: 0)
            #expect(last.report == ComparisonReport() && last.keyPages == 0, "seed \(seed)")
        }
    }

    private func check(_ model: Model, _ seed: UInt64) {
        #expect(model.differing(model.here.rows, model.truth) == 0, "seed \(seed)")
        #expect(model.differing(model.there.rows, model.truth) == 0, "seed \(seed)")
        #expect(model.there.keys.allSatisfy(model.isShared), "seed \(seed): a key at a wrong replica")
        let root = model.here.trees[0]!.root(depth: model.depth)
        #expect(root != nil && root == model.there.trees[0]!.root(depth: model.depth), "seed \(seed)")
    }
}
