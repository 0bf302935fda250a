/// What callers ask of the engine at once, as what a node's event loop has gathered in one tick.
struct Batch {
    struct Read: Sendable {
        var caller: Int
        var key: [UInt8]
    }

    struct Write: Sendable {
        var caller: Int
        var key: [UInt8]
        var state: [UInt8]
    }

    struct Scan: Sendable {
        var caller: Int
        /// Each is a range of its own; they are gone through in order.
        var prefixes: [[UInt8]]
        var limit: Int
    }

    var reads: [Read] = []
    var writes: [Write] = []
    var scans: [Scan] = []
}

/// How an operation of a caller ended.
struct Ended: Sendable {
    enum Outcome: Equatable, Sendable {
        case read(isThere: Bool)
        /// Whether there was a row before.
        case wrote(wasThere: Bool)
        case scanned(rows: Int)
        case failed(String)
    }

    var caller: Int
    var outcome: Outcome
}
