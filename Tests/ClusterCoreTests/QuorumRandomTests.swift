import ClusterCore
import Testing

/// Random orders, losses, duplicates and strays: what must hold whatever happens.
@Suite struct QuorumRandomTests {
    private static let rounds = 5_000
    private static let nodes = (1...5).map { NodeID(rawValue: UInt64($0)) }

    /// What came out of a coordinator so far.
    private struct Log {
        var responses = 0
        var failures = 0
        var finishes = 0
        var afterFinish = 0
        var verdicts: Int { responses + failures }
    }

    private func versions(_ random: inout QuorumRandom) -> Versions? {
        let all: [Versions?] = [
            nil, .written("a", actor: 1, counter: 1), .written("b", actor: 2, counter: 2),
            .written("c", actor: 3, counter: 3, seen: .written("a", actor: 1, counter: 1)),
        ]
        return all[random.below(all.count)]
    }

    private func error(_ random: inout QuorumRandom) -> ReplicaError {
        ReplicaError(code: ReplicaError.Code.allCases[random.below(ReplicaError.Code.allCases.count)])
    }

    @Test func reads() {
        for seed in 0..<UInt64(Self.rounds) {
            var random = QuorumRandom(seed: seed)
            let n = 1 + random.below(5)
            let r = 1 + random.below(n)
            let fallbacks = random.below(2) == 0 ? [] : Array(Self.nodes.dropFirst(n))
            var get = GetCoordinator(
                replicas: Array(Self.nodes.prefix(n)), r: r, policy: .siblings,
                fanout: random.below(2) == 0 ? .all : .quorum, fallbacks: fallbacks)
            var log = Log()
            var asked: Set<NodeID> = []
            var heard: [NodeID: Versions] = [:]
            var failed: Set<NodeID> = []
            var actions: [GetCoordinator.Action] = []

            func take() {
                for action in actions {
                    if log.finishes > 0 { log.afterFinish += 1 }
                    switch action {
                    case .ask(let node):
                        #expect(asked.insert(node).inserted && !fallbacks.contains(node), "seed \(seed)")
                    case .askFallback(let node, _):
                        #expect(asked.insert(node).inserted && fallbacks.contains(node), "seed \(seed)")
                        #expect(asked.isSuperset(of: Self.nodes.prefix(n)), "seed \(seed)")
                    case .respond(let versions):
                        log.responses += 1
                        let merged = heard.values.reduce(into: Versions()) { $0.merge($1, policy: .siblings) }
                        #expect(heard.count >= r && versions == merged, "seed \(seed)")
                        #expect(heard.count == r || !fallbacks.isEmpty, "seed \(seed)")
                    case .fail: log.failures += 1
                    case .repair(let node, let versions):
                        #expect(heard[node].map { !$0.descends(versions) } ?? false, "seed \(seed)")
                        #expect(!fallbacks.contains(node), "seed \(seed)")
                    case .startHedge: break
                    case .finished: log.finishes += 1
                    }
                }
                actions.removeAll()
            }

            get.start(&actions)
            take()
            for _ in 0..<random.below(20) {
                let node = Self.nodes[random.below(5)]
                let isNew = asked.contains(node) && heard[node] == nil && !failed.contains(node)
                switch random.below(8) {
                case 0: get.hedgeElapsed(&actions)
                case 1...2:
                    if isNew { failed.insert(node) }
                    get.failed(node, error(&random), &actions)
                default:
                    let versions = versions(&random)
                    // A fallback without a hint has said nothing.
                    if isNew, log.finishes == 0 {
                        if fallbacks.contains(node), versions == nil {
                            failed.insert(node)
                        } else {
                            heard[node] = versions ?? Versions()
                        }
                    }
                    get.received(versions, from: node, &actions)
                }
                take()
            }
            get.deadlineElapsed(&actions)
            take()
            get.deadlineElapsed(&actions)
            take()
            #expect(log.verdicts == 1 && log.finishes == 1 && log.afterFinish == 0, "seed \(seed)")
            let replicas = heard.keys.count { !fallbacks.contains($0) }
            #expect(log.responses == 1 ? heard.count >= r : replicas < r, "seed \(seed)")
        }
    }

    @Test func writes() {
        for seed in 0..<UInt64(Self.rounds) {
            var random = QuorumRandom(seed: seed)
            let n = 1 + random.below(5)
            let w = 1 + random.below(n)
            let local = Self.nodes[random.below(n)]
            // Half of the time the partition moves, to replicas that may be the same, overlap or be all others.
            let old = Self.nodes[..<n]
            let new = random.below(2) == 0 ? old : Self.nodes.shuffled(using: &random)[..<n]
            let sets = ReplicaSets(readable: old, primary: old, secondary: new)
            let others = Self.nodes.filter { !sets.targets.contains($0) }
            let fallbacks = random.below(2) == 0 ? [] : others
            var put = PutCoordinator(
                local: local, sets: sets, w: w, context: CausalContext(), fallbacks: fallbacks)
            /// Whom a fallback stands in for, and who is owed the write here.
            var standsFor: [NodeID: NodeID] = [:]
            var kept: Set<NodeID> = []
            let state = Versions.written("v", actor: 1, counter: 1)
            var log = Log()
            var stored: Set<NodeID> = []
            var failed: Set<NodeID> = []
            var refused: Set<NodeID> = []
            var asked: Set<NodeID> = []
            var actions: [PutCoordinator.Action] = []
            /// The replicas that count.
            var counted: Set<NodeID> { Set(stored.map { standsFor[$0] ?? $0 }) }

            func take() {
                for action in actions {
                    if log.finishes > 0 { log.afterFinish += 1 }
                    switch action {
                    case .writeLocally: #expect(asked.insert(local).inserted, "seed \(seed)")
                    case .replicate(let node, let versions):
                        #expect(stored.contains(local) && versions == state, "seed \(seed)")
                        #expect(asked.insert(node).inserted, "seed \(seed)")
                    case .hint(let node, let replica, let versions):
                        #expect(fallbacks.contains(node) && versions == state, "seed \(seed)")
                        #expect(sets.targets.contains(replica) && !stored.contains(replica), "seed \(seed)")
                        #expect(asked.insert(node).inserted, "seed \(seed)")
                        standsFor[node] = replica
                    case .keepHint(let replica, let versions):
                        #expect(log.verdicts == 1 && versions == state, "seed \(seed)")
                        #expect(kept.insert(replica).inserted && !stored.contains(replica), "seed \(seed)")
                    case .startFallbackTimer: #expect(!fallbacks.isEmpty, "seed \(seed)")
                    case .respond:
                        log.responses += 1
                        #expect(sets.isWritten(by: counted, w: w), "seed \(seed)")
                    case .fail(let error):
                        log.failures += 1
                        let counted = counted
                        let fewest = min(
                            old.count(where: counted.contains), new.count(where: counted.contains))
                        #expect(fewest < w && error.replicasAnswered == fewest, "seed \(seed)")
                    case .finished: log.finishes += 1
                    }
                }
                actions.removeAll()
            }

            put.start(&actions)
            take()
            for _ in 0..<random.below(20) {
                if random.below(8) == 0 {
                    put.fallbackElapsed(&actions)
                    take()
                }
                let node = random.below(3) == 0 ? local : Self.nodes[random.below(5)]
                let isNew =
                    log.finishes == 0 && asked.contains(node) && !stored.contains(node)
                    && !failed.contains(node)
                let succeeds = random.below(4) > 0
                if isNew { if succeeds { stored.insert(node) } else { failed.insert(node) } }
                switch (node == local, succeeds) {
                case (true, true): put.localDone(state, &actions)
                case (true, false): put.localFailed(error(&random), &actions)
                case (false, true): put.acked(from: node, &actions)
                case (false, false):
                    let error = error(&random)
                    if isNew, error.code == .invalid { refused.insert(node) }
                    put.failed(node, error, &actions)
                }
                take()
                if log.failures == 0 {
                    #expect((log.responses == 1) == sets.isWritten(by: counted, w: w), "seed \(seed)")
                }
            }
            put.deadlineElapsed(&actions)
            take()
            put.deadlineElapsed(&actions)
            take()
            #expect(log.verdicts == 1 && log.finishes == 1 && log.afterFinish == 0, "seed \(seed)")
            // What was written is stored for each replica, by itself or as a hint, unless it refused it.
            if stored.contains(local) {
                for node in sets.targets where !refused.contains(node) {
                    #expect(counted.contains(node) || kept.contains(node), "seed \(seed)")
                }
            }
        }
    }

    @Test func conditionalWrites() {
        for seed in 0..<UInt64(Self.rounds) {
            var random = QuorumRandom(seed: seed)
            let n = 1 + random.below(5)
            let local = Self.nodes[random.below(n)]
            let fallbacks = random.below(2) == 0 ? [] : Array(Self.nodes.dropFirst(n))
            var put = ConditionalPut(
                local: local, replicas: Array(Self.nodes.prefix(n)),
                sets: ReplicaSets(Array(Self.nodes.prefix(n))), r: 1 + random.below(n),
                w: 1 + random.below(n),
                policy: .siblings, fanout: random.below(2) == 0 ? .all : .quorum, condition: .ifAbsent,
                context: CausalContext(), fallbacks: fallbacks)
            let state = Versions.written("v", actor: 1, counter: 1)
            var log = Log()
            var writes = 0
            var actions: [ConditionalPut.Action] = []

            func take() {
                for action in actions {
                    if log.finishes > 0 { log.afterFinish += 1 }
                    switch action {
                    case .read(.ask), .read(.askFallback), .read(.repair), .read(.startHedge): break
                    case .write(.replicate), .write(.hint), .write(.keepHint), .write(.startFallbackTimer):
                        break
                    case .write(.writeLocally): writes += 1
                    case .write(.respond): log.responses += 1
                    case .fail: log.failures += 1
                    case .finished: log.finishes += 1
                    case .read, .write: Issue.record("seed \(seed): \(action) is not passed on")
                    }
                }
                actions.removeAll()
            }

            put.start(&actions)
            take()
            for _ in 0..<random.below(30) {
                let node = Self.nodes[random.below(5)]
                switch random.below(9) {
                case 8: put.fallbackElapsed(&actions)
                case 0: put.hedgeElapsed(&actions)
                case 1: put.failedToRead(node, error(&random), &actions)
                case 2: put.failedToWrite(node, error(&random), &actions)
                case 3: put.localDone(state, &actions)
                case 4: put.acked(from: node, &actions)
                default:
                    let versions = random.below(4) == 0 ? versions(&random) : nil
                    put.received(versions, from: node, now: 0, &actions)
                }
                take()
            }
            put.deadlineElapsed(&actions)
            take()
            #expect(log.verdicts == 1 && log.finishes == 1 && log.afterFinish == 0, "seed \(seed)")
            #expect(log.responses <= writes && writes <= 1, "seed \(seed)")
        }
    }
}
