import Testing

@testable import ClusterCore

/// What a node does with requests, replies and duties: the part of a runtime that the safety of a change rests on.
extension LayoutModel {
    // MARK: Operations

    func begin(at id: NodeID, isWrite: Bool) {
        guard nodes[id]!.isUp, let history = nodes[id]!.history, history.isConcerned(id) else { return }
        let key = keys[random.below(keys.count)]
        let view = history.view(for: id)
        let sets = view.replicas(ofPartition: key.partition, n: key.n)
        let number = number()
        var operation = Operation(
            key: key, write: isWrite ? number : nil, epoch: view.epoch, sets: sets)
        operation.expected = acknowledged[key] ?? []
        nodes[id]!.operations[number] = operation
        if isWrite {
            for target in sets.targets {
                send(.write(operation: number, key: key, id: number, epoch: view.epoch), from: id, to: target)
            }
        } else {
            for target in sets.readable {
                send(.read(operation: number, key: key, epoch: view.epoch), from: id, to: target)
            }
        }
    }

    /// A client's time is up: those of the oldest operations here.
    func abandonSome(at id: NodeID) {
        for number in nodes[id]!.operations.keys.sorted().prefix(5) { nodes[id]!.operations[number] = nil }
    }

    func receive(_ message: Message) {
        let id = message.to
        if nodes[id]!.history == nil { return begin(again: id, with: message) }
        if let history = message.history { learn(id) { $0.merge(history) } }
        switch message.body {
        case .gossip: break
        case .write(let operation, let key, let write, let epoch):
            take(operation, key, write, epoch, message)
        case .read(let operation, let key, let epoch):
            answer(operation, key, epoch, message)
        case .stored(let number):
            stored(number, by: message.from, at: id)
        case .answer(let number, let seen):
            answered(number, seen, by: message.from, at: id)
        case .refused(let number):
            nodes[id]!.operations[number] = nil
        case .copy(let partition, let task):
            let content = nodes[id]!.store.filter { $0.key.partition == partition }
            send(.copied(partition: partition, task: task, content), from: id, to: message.from)
        case .copied(let partition, let task, let content):
            guard nodes[id]!.copied[task] != nil else { return }
            nodes[id]!.store.merge(content) { $0.union($1) }
            nodes[id]!.copied[task]?.insert("\(partition) from \(message.from.rawValue)")
        }
    }

    private func take(
        _ operation: Int, _ key: Key, _ write: Int, _ epoch: LayoutEpoch, _ message: Message
    ) {
        let history = nodes[message.to]!.history!
        guard history.view(for: message.to).admits(epoch) else {
            return send(.refused(operation: operation), from: message.to, to: message.from)
        }
        watch.served(epoch, by: message.to)
        if history.partitions(heldBy: message.to).contains(key.partition) {
            nodes[message.to]!.store[key, default: []].insert(write)
        } else {
            // The only view that writes to a set that another has left behind already.
            watch.expect(epoch.rawValue % 4 == 3, "a write by epoch \(epoch.rawValue) to no replica")
        }
        send(.stored(operation: operation), from: message.to, to: message.from, withHistory: false)
    }

    private func answer(_ operation: Int, _ key: Key, _ epoch: LayoutEpoch, _ message: Message) {
        let history = nodes[message.to]!.history!
        guard history.view(for: message.to).admits(epoch), !history.isLost(message.to),
            history.partitions(heldBy: message.to).contains(key.partition)
        else { return send(.refused(operation: operation), from: message.to, to: message.from) }
        watch.served(epoch, by: message.to)
        let content = nodes[message.to]!.store[key] ?? []
        send(
            .answer(operation: operation, content), from: message.to, to: message.from, withHistory: false)
    }

    private func stored(_ number: Int, by node: NodeID, at id: NodeID) {
        guard var operation = nodes[id]!.operations[number], let write = operation.write else { return }
        operation.answered.insert(node)
        nodes[id]!.operations[number] = operation
        guard operation.sets.isWritten(by: operation.answered, w: operation.key.w) else { return }
        acknowledged[operation.key, default: []].insert(write)
        nodes[id]!.operations[number] = nil
        watch.writes += 1
    }

    private func answered(_ number: Int, _ seen: Set<Int>, by node: NodeID, at id: NodeID) {
        guard var operation = nodes[id]!.operations[number], operation.write == nil else { return }
        operation.answered.insert(node)
        operation.seen.formUnion(seen)
        nodes[id]!.operations[number] = operation
        guard operation.answered.count >= operation.key.r else { return }
        nodes[id]!.operations[number] = nil
        watch.reads += 1
        let missing = operation.expected.subtracting(operation.seen)
        watch.expect(
            missing.isEmpty,
            "a read at epoch \(operation.epoch.rawValue) of \(operation.key) missed \(missing)")
    }

    // MARK: Duties

    func doDuties(of id: NodeID) {
        guard nodes[id]!.isUp, let history = nodes[id]!.history else { return }
        for duty in history.duties(of: id) {
            switch duty {
            case .adopt(let version, let digest):
                let epoch = LayoutEpoch.adopting(from: version - 1)
                guard !nodes[id]!.operations.values.contains(where: { $0.epoch < epoch }) else { continue }
                confirm(.adopted, version, digest, by: id)
            case .fill(let version, let digest, let moves):
                guard copy(moves, task: "fill \(version)", to: id) else { continue }
                // The worst moment for what was sent long ago to arrive.
                network += late
                late = []
                confirm(.filled, version, digest, by: id)
            case .release(let version, let digest):
                let epoch = LayoutEpoch.releasing(from: version - 1)
                let reads = nodes[id]!.operations.values.filter { $0.write == nil }
                guard !reads.contains(where: { $0.epoch < epoch }) else { continue }
                confirm(.released, version, digest, by: id)
            case .catchUp(let moves):
                let loss = history.absences[id]!
                let task = "catch up \(loss.version) \(loss.length) \(history.current.version)"
                if copy(moves, task: task, to: id) { learn(id) { $0.hasCaughtUp(id) } }
            }
        }
    }

    private func confirm(_ step: LayoutHistory.Step, _ version: UInt64, _ digest: UInt64, by id: NodeID) {
        watch.confirmed(step, version, by: id)
        learn(id) { $0.confirm(step, version: version, digest: digest, by: id) }
    }

    /// Asks for what is not copied yet. Whether all is.
    private func copy(_ moves: [PartitionMove], task: String, to id: NodeID) -> Bool {
        let done = nodes[id]!.copied[task] ?? []
        nodes[id]!.copied[task] = done
        var missing = moves.flatMap { move in
            move.sources.map(\.node).filter { !done.contains("\(move.partition) from \($0.rawValue)") }.map {
                (move.partition, $0)
            }
        }
        let isDone = missing.isEmpty
        for _ in 0..<min(2, missing.count) {
            let (partition, source) = missing.remove(at: random.below(missing.count))
            send(.copy(partition: partition, task: task), from: id, to: source)
        }
        return isDone
    }

    // MARK: An empty disk

    /// A node that has lost its disk listens until it has heard a quorum, and says that it is lost before all else.
    private func begin(again id: NodeID, with message: Message) {
        guard let history = message.history else { return }
        var heard = nodes[id]!.heard ?? (history, [])
        heard.history.merge(history)
        heard.from.insert(message.from)
        nodes[id]!.heard = heard
        guard heard.history.isQuorum(heard.from) else { return }
        nodes[id]!.heard = nil
        nodes[id]!.history = heard.history
        learn(id) { _ = try? $0.declareLost(id, force: true) }
    }

    // MARK: The end

    /// Everything is up and reaches everything: goes on until nothing changes any more.
    func calmDown() {
        for id in order {
            nodes[id]!.isUp = true
            nodes[id]!.isCutOff = false
            nodes[id]!.operations = [:]
        }
        network = []
        late = []
        for round in 0..<200 {
            for id in order where nodes[id]!.history != nil {
                if round % 10 == 9, id == order.max() { learn(id) { $0.resume(by: id) } }
                for other in order { send(.gossip, from: id, to: other) }
                doDuties(of: id)
            }
            let batch = network
            network = []
            for message in batch { receive(message) }
            if round % 10 == 9, isCalm { return }
            if round % 10 == 9 { relieveVoters() }
        }
    }

    /// Any member may finish what another began.
    private func relieveVoters() {
        for id in order where nodes[id]!.history?.stage == .deciding {
            if nodes[id]!.history?.mayVote(id) == true { return learn(id) { $0.resume(by: id) } }
        }
    }

    var isCalm: Bool {
        guard let first = nodes[order[0]]!.history else { return false }
        return order.allSatisfy { nodes[$0]!.history == first } && first.stage == .stable
            && first.current.members.allSatisfy { !first.isLost($0.id) }
    }

    /// Whether any r replicas meet each acknowledged write, now that nothing is under way.
    func checkContents() {
        guard isCalm, let history = nodes[order[0]]!.history else {
            let stages = order.map {
                nodes[$0]!.history.map { "\($0.current.version) \($0.stage)" } ?? "none"
            }
            return watch.expect(false, "no rest: \(stages)")
        }
        for key in keys {
            let replicas = history.current.replicas(ofPartition: key.partition).prefix(key.n)
            for write in acknowledged[key] ?? [] {
                let lacking = replicas.count { !(nodes[$0]!.store[key]?.contains(write) ?? false) }
                watch.expect(lacking < key.r, "write \(write) of \(key) is missing on \(lacking) replicas")
            }
        }
    }
}
