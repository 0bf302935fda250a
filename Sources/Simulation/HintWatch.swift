import Cluster
import ClusterCore
import Engine

/// Looks at what the nodes keep for each other: that it stays within its bounds and is in the books, and that every
/// acknowledged write is on w replicas, or kept for those of them that don't have it.
final class HintWatch: @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.

    private unowned let world: World
    private static let interval = UInt64.milliseconds(200)

    init(_ world: World) { self.world = world }

    func start() {
        check()
        world.scheduler.after(Self.interval) { [self] in start() }
    }

    /// No node keeps anything for another.
    var isEmpty: Bool {
        world.nodes.allSatisfy {
            (try? $0.disk.image.scan(.hints, .all, limit: ScanLimit(rows: 1)).rows.isEmpty) == true
        }
    }

    func check() {
        for node in world.nodes { checkBooks(of: node) }
        if world.history.isLosing { return }
        let kept = world.nodes.flatMap(hints)
        for key in 0..<world.plan.keys { checkHeld(key, kept) }
    }

    private func checkBooks(of node: SimulatedNode) {
        do throws(EngineError) {
            let limits = world.plan.hintLimits
            let books = try node.disk.image.hintLedger(limits: limits)
            for account in books.targets.map({ books[$0] })
            where account.count > limits.maxCountPerTarget || account.bytes > limits.maxBytesPerTarget {
                world.violations.append(
                    "\(node.name) keeps \(account.count) hints of \(account.bytes) bytes for one node")
            }
            guard let says = node.node?.handoffStatistics else { return }
            if says.count != books.count || says.bytes != books.bytes {
                world.violations.append(
                    "\(node.name) says it keeps \(says.count) hints of \(says.bytes) bytes, and keeps "
                        + "\(books.count) of \(books.bytes)")
            }
        } catch {
            world.violations.append("\(node.name) holds damage for its hints: \(error)")
        }
    }

    private func checkHeld(_ key: Int, _ kept: [(target: NodeID, hint: Hint)]) {
        let stored = world.storageKey(key)
        // What each replica has seen, by itself and by what others keep for it. What is kept for one that was a replica
        // goes to those that are.
        var known: [NodeID: [VersionVector]] = [:]
        for (target, hint) in kept where hint.key == stored {
            known[target, default: []].append(hint.versions.context)
        }
        let replicas = world.currentLayout.replicas(ofPartition: stored.partition)
        for (replica, own) in zip(replicas, world.states(ofKey: key)) {
            if let own { known[replica, default: []].append(own.context) }
        }
        // What was deleted or has expired may be reaped, but not forgotten.
        for (replica, clock) in zip(replicas, world.clocks(ofKey: key)) {
            known[replica, default: []].append(clock)
        }
        let w = world.properties(ofKey: key).w
        for (id, dot) in world.history.acknowledgedDots[key] ?? [] {
            let count = known.values.count { $0.contains { $0.covers(dot) } }
            if count < w {
                world.violations.append(
                    "k\(key): \(id) was acknowledged, and only \(count) replicas have it or will be handed it"
                )
            }
        }
    }

    /// On the disk, so that a node that is down counts too.
    private func hints(of node: SimulatedNode) -> [(target: NodeID, hint: Hint)] {
        guard let page = try? node.disk.image.scan(.hints, .all) else { return [] }
        return page.rows.flatMap { row -> [(target: NodeID, hint: Hint)] in
            guard let place = HintKey(bytes: row.key), let record = try? HintRecordCodec.decode(row.value)
            else {
                world.violations.append("\(node.name) keeps what cannot be decoded")
                return []
            }
            return record.hints.map { (place.target, $0) }
        }
    }

    // MARK: The trace

    /// Tells of the hints among what `node` has written.
    func note(_ batch: WriteBatch, by node: String) {
        do throws(EngineError) {
            try batch.forEach { (keyspace, key, value) throws(EngineError) in
                guard keyspace == .hints, let place = HintKey(bytes: [UInt8](copying: key)) else { return }
                let target = world.nodes.first { $0.id == place.target }?.name ?? "nobody"
                guard let value, let record = try? HintRecordCodec.decode([UInt8](copying: value)) else {
                    return world.trace("\(node) drops a hint for \(target)")
                }
                let keys = record.hints.map { String(decoding: $0.key.key, as: UTF8.self) }
                world.trace("\(node) keeps a hint of \(keys.joined(separator: " ")) for \(target)")
            }
        } catch {
            world.violations.append("\(node): \(error)")
        }
    }
}
