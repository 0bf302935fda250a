/// Which endpoint is asked next: a replica of the key if one is known and lives, else the next in turn.
///
/// Times are those since the store was made.
struct Router: Hashable, Sendable {
    private struct Entry: Hashable, Sendable {
        /// The node's name, once it has said so.
        var node: String?
        /// Since it could not be reached: until when it is asked only if there is no other. Nil while it answers.
        var restsUntil: Duration?
    }

    /// Nil until a node has told it.
    private(set) var table: RoutingTable?
    private let rest: Duration
    private var entries: [Entry]
    /// In whose turn it is, if it doesn't matter.
    private var turn: Int

    /// - Parameters:
    ///   - count: Of the endpoints, which are known by their index; 1 at least.
    ///   - rest: How long one that could not be reached is left alone.
    ///   - turn: Where to begin, so that not all clients begin with the same.
    init(count: Int, rest: Duration, turn: Int) {
        precondition(count > 0, "a client has an endpoint")
        entries = Array(repeating: Entry(), count: count)
        self.rest = rest
        self.turn = turn % count
    }

    /// The endpoint of a replica of `key` that lives, as far as is known; nil if none is known.
    ///
    /// - Parameter tried: Those that have failed this request already.
    mutating func replica(of key: KVNodeStore.Key, now: Duration, tried: Set<Int> = []) -> Int? {
        guard let table else { return nil }
        for name in table.nodes(for: key) {
            guard let index = entries.firstIndex(where: { $0.node == name }), !tried.contains(index),
                isAwake(index, now: now)
            else { continue }
            return chosen(index, now: now)
        }
        return nil
    }

    /// The endpoint whose turn it is.
    ///
    /// - Parameter tried: Those that have failed this request already: they come after all others.
    mutating func next(now: Duration, tried: Set<Int> = []) -> Int {
        turn = (turn + 1) % entries.count
        let order = Array(turn..<entries.count) + Array(0..<turn)
        let awake = order.filter { isAwake($0, now: now) }
        // One that has failed and is awake has refused, one that rests can't be reached.
        let index =
            awake.first { !tried.contains($0) } ?? order.first { !tried.contains($0) } ?? awake.first
            ?? order[0]
        return chosen(index, now: now)
    }

    private func isAwake(_ index: Int, now: Duration) -> Bool {
        entries[index].restsUntil.map { $0 <= now } ?? true
    }

    /// One request finds out whether an endpoint that has rested can be reached again. It may take its time to, and others pass
    /// over the endpoint meanwhile.
    private mutating func chosen(_ index: Int, now: Duration) -> Int {
        if entries[index].restsUntil != nil { entries[index].restsUntil = now + rest }
        return index
    }

    /// An endpoint could not be reached, or did not answer.
    mutating func unreachable(_ index: Int, now: Duration) { entries[index].restsUntil = now + rest }

    /// It has answered.
    mutating func answered(_ index: Int) { entries[index].restsUntil = nil }

    /// It has said which node it is, and perhaps of a layout.
    ///
    /// - Parameter table: Nil if it had none, or none that is newer.
    mutating func learned(_ index: Int, node: String, _ table: RoutingTable?) {
        entries[index].node = node
        if let table, table.version > (self.table?.version ?? 0) { self.table = table }
    }
}
