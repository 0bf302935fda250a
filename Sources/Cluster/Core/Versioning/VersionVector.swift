/// For each actor, the greatest counter seen of it: which writes of a key a replica or client knows of.
///
/// Counters have gaps at any one key, but an actor always knows its own earlier writes of it, so that whoever has seen
/// one of its writes has seen, or seen replaced, those before.
public struct VersionVector: Equatable, Sendable {
    public struct Entry: Equatable, Sendable {
        public let actor: UInt64
        /// At least 1.
        public fileprivate(set) var counter: UInt64
    }

    /// Sorted by actor, each once.
    public private(set) var entries: [Entry]

    public init() { entries = [] }

    /// The vector that covers `dots` and no more than it must.
    public init(_ dots: some Sequence<Dot>) {
        self.init()
        for dot in dots { insert(dot) }
    }

    /// - Returns: Nil unless `entries` is sorted by actor, each once, with counters from 1.
    init?(sorted entries: [Entry]) {
        for index in entries.indices {
            guard entries[index].counter > 0 else { return nil }
            guard index == 0 || entries[index - 1].actor < entries[index].actor else { return nil }
        }
        self.entries = entries
    }

    public var isEmpty: Bool { entries.isEmpty }

    /// The greatest counter seen of `actor`; 0 if none.
    public subscript(actor: UInt64) -> UInt64 {
        // As many entries as replicas have coordinated the key: a linear search beats a binary one.
        for entry in entries where entry.actor >= actor {
            return entry.actor == actor ? entry.counter : 0
        }
        return 0
    }

    /// Whether the write of `dot` was seen.
    public func covers(_ dot: Dot) -> Bool { self[dot.actor] >= dot.counter }

    /// Whether all that `other` has seen was seen here too.
    public func descends(_ other: VersionVector) -> Bool {
        var index = 0
        for theirs in other.entries {
            while index < entries.count, entries[index].actor < theirs.actor { index += 1 }
            guard index < entries.count, entries[index].actor == theirs.actor,
                entries[index].counter >= theirs.counter
            else { return false }
        }
        return true
    }

    /// Adds what `dot` stands for.
    ///
    /// - Precondition: The counter is at least 1.
    public mutating func insert(_ dot: Dot) {
        precondition(dot.counter > 0, "counters start at 1")
        let index = entries.firstIndex { $0.actor >= dot.actor } ?? entries.count
        if index < entries.count, entries[index].actor == dot.actor {
            entries[index].counter = max(entries[index].counter, dot.counter)
        } else {
            entries.insert(Entry(actor: dot.actor, counter: dot.counter), at: index)
        }
    }

    /// Adds all that `other` has seen.
    public mutating func join(_ other: VersionVector) {
        if descends(other) { return }
        if isEmpty {
            self = other
            return
        }
        for entry in other.entries { insert(Dot(actor: entry.actor, counter: entry.counter)) }
    }

    /// Keeps what `other` has seen as well.
    mutating func meet(_ other: VersionVector) {
        entries = entries.compactMap { entry in
            let counter = min(entry.counter, other[entry.actor])
            return counter > 0 ? Entry(actor: entry.actor, counter: counter) : nil
        }
    }
}
