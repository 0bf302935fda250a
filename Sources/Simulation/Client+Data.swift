import ClusterCore

/// What clients do with counters, sets and maps.
extension Client {
    func actOnData(at node: SimulatedNode) {
        let key = world.plan.keys + world.scheduler.number(below: world.plan.dataKeys)
        if world.scheduler.happens(0.25) { return read(key, at: node) }
        switch world.dataKind(ofKey: key) {
        case .string: count(key, at: node)
        case .set: changeSet(key, at: node)
        case .map where world.scheduler.happens(0.3): count(key, inField: true, at: node)
        case .map: changeField(key, at: node)
        case nil: preconditionFailure("k\(key) holds plain values")
        }
    }

    /// A field that all clients count in.
    private static let sum = "sum"

    /// The field that this client alone writes.
    private func ownField(of key: Int) -> String { "k\(key) \(name)" }

    private func count(_ key: Int, inField: Bool = false, at node: SimulatedNode) {
        let amount = 1 + world.scheduler.number(below: 5)
        let counter = inField ? "k\(key) \(Self.sum)" : "k\(key)"
        let floor = world.data.beginAdding(amount, to: counter)
        let change: DataChange =
            inField
            ? .addToField(Array(Self.sum.utf8), .integer, Amount(amount)) : .add(.integer, Amount(amount))
        world.trace("\(name) adds \(amount) to \(counter) at \(node.name)")
        send(change, key, to: node) { [self] outcome, span in
            guard case .number(let total) = outcome else {
                return world.violations.append("\(counter) was counted in and has no number")
            }
            world.trace("\(name) was told that \(counter) is \(total.text)")
            world.data.added(amount, to: counter, total: total.integer, floor: floor, span)
        }
    }

    private func changeSet(_ key: Int, at node: SimulatedNode) {
        let removable = world.data.removable(of: key)
        if !removable.isEmpty, world.scheduler.happens(0.4) {
            let element = removable[world.scheduler.number(below: removable.count)]
            world.data.beginRemoving(element: element, of: key, at: world.scheduler.now)
            world.trace("\(name) removes \(element) of k\(key) at \(node.name)")
            return send(.removeMembers([Array(element.utf8)]), key, to: node) { [self] outcome, span in
                world.trace("\(name) was told of the removal of \(element) of k\(key)")
                world.data.removed(element: element, of: key, count: outcome.count, span)
            }
        }
        let element = nextID()
        world.data.beginAdding(element: element, to: key)
        world.trace("\(name) adds \(element) to k\(key) at \(node.name)")
        send(.addMembers([Array(element.utf8)]), key, to: node) { [self] outcome, span in
            world.trace("\(name) was told of the addition of \(element) to k\(key)")
            if outcome.count != 1 { world.violations.append("\(element) was in k\(key) before it was added") }
            world.data.added(element: element, to: key, at: span.end)
        }
    }

    private func changeField(_ key: Int, at node: SimulatedNode) {
        let field = ownField(of: key)
        let value = world.scheduler.happens(0.25) ? nil : nextID()
        let number = world.data.beginWriting(value, to: field)
        world.trace("\(name) writes \(value ?? "nothing") to its field of k\(key) at \(node.name)")
        let bytes = Array(name.utf8)
        let change: DataChange =
            value.map { .setFields([DataField(bytes, Array($0.utf8))]) } ?? .removeFields([bytes])
        send(change, key, to: node) { [self] _, span in
            world.trace("\(name) was told of \(value ?? "nothing") in its field of k\(key)")
            world.data.wrote(number, to: field, span)
        }
    }

    private func send(
        _ change: DataChange, _ key: Int, to node: SimulatedNode,
        _ done: @escaping (DataOutcome, DataHistory.Span) -> Void
    ) {
        let start = world.scheduler.now
        let request = UpdateRequest(
            bucket: world.bucket(ofKey: key), key: World.bytes(ofKey: key), change: change,
            timeoutMillis: 2_000)
        submit(.update(request), to: node) { [self] response in
            guard case .updated(let outcome) = response else { return noteFailure(key, response) }
            done(outcome, world.span(from: start, key: key))
        }
    }

    private func read(_ key: Int, at node: SimulatedNode) {
        let start = world.scheduler.now
        let floor = world.data.acknowledgedAmount(of: "k\(key)")
        let floorOfSum = world.data.acknowledgedAmount(of: "k\(key) \(Self.sum)")
        let request = GetRequest(
            bucket: world.bucket(ofKey: key), key: World.bytes(ofKey: key), timeoutMillis: 2_000)
        world.trace("\(name) reads k\(key) from \(node.name)")
        submit(.get(request), to: node) { [self] response in
            guard case .read(let reading) = response else { return noteFailure(key, response) }
            let span = world.span(from: start, key: key)
            world.checkData(key, reading.siblings, span, floor: floor, floorOfSum: floorOfSum)
        }
    }
}

extension DataOutcome {
    fileprivate var count: Int { if case .count(let count) = self { count } else { 0 } }
}

extension World {
    /// From `start` until now.
    func span(from start: UInt64, key: Int) -> DataHistory.Span {
        DataHistory.Span(
            start: start, end: scheduler.now,
            isExempt: isSloppy(key) || history.isExempt(start...scheduler.now))
    }

    /// Holds what a reader was shown of a counter, a set or a map against the history.
    ///
    /// - Parameters:
    ///   - floor: What had been acknowledged of the counter, and of the field that is counted in, when the reading began.
    func checkData(
        _ key: Int, _ shown: [Sibling], _ span: DataHistory.Span, floor: Int, floorOfSum: Int
    ) {
        switch dataKind(ofKey: key) {
        case .string:
            let number = shown.first?.text ?? "0"
            if shown.count > 1 { violations.append("k\(key), a counter, has \(shown.count) values") }
            data.check("k\(key)", Int(number), floor: floor, span)
        case .set:
            let members = shown.compactMap { sibling -> String? in
                guard case .part(.member(let member)) = sibling.content else { return nil }
                return String(decoding: member, as: UTF8.self)
            }
            data.checkRead(of: key, members: Set(members), span)
        case .map:
            var fields: [String: String] = [:]
            for case .part(.field(let name, let value)) in shown.map(\.content) {
                fields[String(decoding: name, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
            }
            data.check("k\(key) sum", Int(fields["sum"] ?? "0"), floor: floorOfSum, span)
            for client in clients {
                data.checkRead(ofField: "k\(key) \(client.name)", value: fields[client.name], span)
            }
        case nil: break
        }
    }

    /// What is left when all replicas agree.
    func checkDataAtEnd() {
        for key in plan.keys..<plan.allKeys {
            let left = states(ofKey: key)[0]?.reading(at: SimulatedNode.wallMillis(scheduler.now)) ?? []
            let now = DataHistory.Span(start: scheduler.now, end: scheduler.now, isExempt: false)
            checkData(
                key, left, now, floor: data.acknowledgedAmount(of: "k\(key)"),
                floorOfSum: data.acknowledgedAmount(of: "k\(key) sum"))
        }
    }
}
