import ClusterCore

/// A cluster of whole nodes with its clients, in one thread and in simulated time. One seed decides everything.
///
/// The nodes are the real ones, from the coordination of requests to the group commit. What is simulated is below and
/// around them: time, network, disks, threads, chance.
public enum Simulation {
    public struct Outcome: Sendable {
        public var seed: UInt64
        /// What must not have happened, and did; empty if all is well.
        public var violations: [String]
        /// Of the whole trace: equal for equal seeds and plans.
        public var traceDigest: UInt64
        public var traceLines: Int
        public var simulatedSeconds: Double
        public var acknowledgedWrites: Int
        public var reads: Int
        public var failures: Int
        /// Rows that the nodes' last runs have had reaped.
        public var reaped: Int
        /// The trace's lines about what the first violation names, and the faults between.
        public var explanation: [String]
    }

    /// How long a cluster without faults may take until every replica agrees: a few comparisons of each two.
    private static func timeToAgree(_ world: World) -> UInt64 {
        .milliseconds(max(60_000, 3 * world.plan.comparisonInterval))
    }

    /// Runs one simulation to its end.
    ///
    /// - Parameter trace: Takes each line of what happens.
    /// - Throws: `LayoutError` if there can be no such cluster.
    public static func run(
        _ plan: Plan, seed: UInt64, trace: ((String) -> Void)? = nil
    ) throws -> Outcome {
        let world = try World(plan, seed: seed, print: trace)
        let scheduler = world.scheduler
        for node in world.nodes { node.start() }
        scheduler.run(until: .milliseconds(500))
        world.makeBuckets()
        scheduler.run(until: .seconds(1))
        world.hints.start()
        let nemesis = Nemesis(world)
        for client in world.clients { client.start() }
        nemesis.start()
        scheduler.run(until: .seconds(1 + plan.seconds), or: { !world.violations.isEmpty })
        if world.violations.isEmpty { settle(world, nemesis) }
        let outcome = outcome(of: world, seed: seed)
        for node in world.nodes { node.discard() }
        scheduler.end()
        return outcome
    }

    /// Ends the faults and the work, has the replicas agree, and looks at what is left.
    private static func settle(_ world: World, _ nemesis: Nemesis) {
        let scheduler = world.scheduler
        for client in world.clients { client.stop() }
        nemesis.stop()
        // The last requests end.
        scheduler.run(until: scheduler.now + .seconds(10))
        scheduler.run(until: scheduler.now + timeToAgree(world), or: { world.hasOneLayout })
        guard world.hasOneLayout else {
            let stages = world.nodes.map { "\($0.name): \($0.layoutInWords)" }
            return world.violations.append("! no one layout, long after all is well: \(stages)")
        }
        // What is kept for others goes back without a read.
        scheduler.run(until: scheduler.now + timeToAgree(world), or: { world.hints.isEmpty })
        guard world.hints.isEmpty else {
            return world.violations.append("! hints are left, long after all is well")
        }
        if world.plan.leavesRepairToReads { checkReadRepair(world) }
        // Nor does any read bring the replicas to agree.
        scheduler.run(until: scheduler.now + timeToAgree(world), or: { world.areAllRepaired })
        guard world.areAllRepaired else {
            let keys = (0..<world.plan.allKeys).filter { !world.isRepaired($0) }.map { "k\($0)" }
            return world.violations.append("the replicas of \(keys) don't agree, long after all is well")
        }
        world.history.replicasRepaired(at: scheduler.now)
        checkTrees(world)
        checkReaping(world)
        scheduler.run(until: scheduler.now + timeToAgree(world), or: { world.gossipAgrees })
        if !world.gossipAgrees {
            world.violations.append("! some node takes another for dead, long after all is well")
        }
        world.violations += world.leftovers
        for key in 0..<world.plan.keys {
            let left = world.states(ofKey: key)[0]?.siblings ?? []
            world.history.checkEnd(of: key, values: Set(left.compactMap(\.text)))
        }
        world.checkDataAtEnd()
    }

    /// A read of all replicas leaves them equal, without a comparison.
    private static func checkReadRepair(_ world: World) {
        let scheduler = world.scheduler
        world.keysRead = []
        for key in 0..<world.plan.allKeys where !world.isRepaired(key) { world.readEverywhere(key) }
        scheduler.run(until: scheduler.now + .seconds(3))
        // What is dead is reaped at its own pace, and no read has a say in that.
        let left = world.keysRead.subtracting(world.deadKeyNumbers).filter { !world.isRepaired($0) }.sorted()
        guard let first = left.first else { return }
        world.violations.append(
            "the replicas of k\(first) differ after a read of all of them; so do those of \(left)")
    }

    /// What is deleted or has expired goes in the end, and does not come back.
    private static func checkReaping(_ world: World) {
        let scheduler = world.scheduler
        let isDone = { world.deadKeys.isEmpty && world.areAllRepaired }
        scheduler.run(
            until: scheduler.now + (world.plan.reapsAll ? timeToAgree(world) : .seconds(10)), or: isDone)
        if world.plan.reapsAll, !isDone() {
            world.violations.append("! \(world.deadKeys) are dead and left, long after all is well")
        }
        scheduler.run(until: scheduler.now + timeToAgree(world), or: { world.areAllRepaired })
        if !world.areAllRepaired { world.violations.append("! reaping has made replicas differ") }
    }

    /// Where replicas are equal, so are their hash trees: a round of comparisons finds no leaf to differ.
    private static func checkTrees(_ world: World) {
        world.scheduler.run(until: world.scheduler.now + .seconds(1))
        let before = world.entropy
        let isRoundOver = {
            zip(world.entropy, before).allSatisfy {
                $0.comparable && ($0.rounds > $1.rounds || $0.rounds == .max)
            }
        }
        world.scheduler.run(until: world.scheduler.now + timeToAgree(world), or: isRoundOver)
        for (node, (after, before)) in zip(world.nodes, zip(world.entropy, before)) {
            if !after.comparable || after.rounds <= before.rounds, after.rounds < .max {
                world.violations.append("! \(node.name) has not compared all, long after all is well")
            }
            if after.leavesDiffering > before.leavesDiffering {
                world.violations.append("! \(node.name) has a hash tree that differs from an equal replica's")
            }
        }
    }

    private static func outcome(of world: World, seed: UInt64) -> Outcome {
        // The key, if the violation is about one.
        let word = world.violations.first?.split(separator: " ").first {
            $0.first == "k" && Int($0.dropFirst()) != nil
        }
        return Outcome(
            seed: seed, violations: world.violations, traceDigest: world.trace.digest,
            traceLines: world.trace.lineCount,
            simulatedSeconds: Double(world.scheduler.now) / 1_000_000_000,
            acknowledgedWrites: world.history.acknowledged + world.data.acknowledged,
            reads: world.history.reads,
            failures: world.history.failures, reaped: world.reaped,
            explanation: world.violations.isEmpty ? [] : world.trace.lines(naming: String(word ?? "!")))
    }
}
