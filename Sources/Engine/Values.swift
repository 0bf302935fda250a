/// A separate ordered map within an engine. The set is fixed: engines create all of them when they open.
public enum Keyspace: UInt8, CaseIterable, Sendable {
    /// The users' keys.
    case data = 0
    /// Writes kept for replicas that were down.
    case hints = 1
    /// What the node knows of itself: its identity, the layout, the buckets.
    case meta = 2

    public var name: String {
        switch self {
        case .data: "data"
        case .hints: "hints"
        case .meta: "meta"
        }
    }
}

/// What a write survives once it has returned.
public enum Durability: Int, Comparable, Sendable {
    /// A crash of the process.
    case buffered
    /// A crash of the process, of the machine, and loss of power.
    case synced

    public static func < (a: Durability, b: Durability) -> Bool { a.rawValue < b.rawValue }

    /// As the configuration has it.
    public var name: String {
        switch self {
        case .buffered: "buffered"
        case .synced: "synced"
        }
    }
}

/// A half-open range of keys, ordered by their unsigned bytes: `lower ≤ key < upper`; no `upper` means to the end.
public struct KeyRange: Equatable, Sendable {
    public var lower: [UInt8]
    public var upper: [UInt8]?

    public init(lower: [UInt8], upper: [UInt8]?) {
        self.lower = lower
        self.upper = upper
    }

    /// Every key.
    public static let all = KeyRange(lower: [], upper: nil)

    /// Every key that begins with `prefix`.
    public static func prefix(_ prefix: [UInt8]) -> KeyRange {
        var upper = prefix
        while let last = upper.popLast() {
            if last < 0xFF {
                upper.append(last + 1)
                return KeyRange(lower: prefix, upper: upper)
            }
        }
        return KeyRange(lower: prefix, upper: nil)
    }
}

/// Where a page of a scan ends, whichever comes first.
public struct ScanLimit: Sendable {
    public var rows: Int
    /// Bytes of keys and values; the row that exceeds it is still part of the page.
    public var bytes: Int

    public init(rows: Int = .max, bytes: Int = .max) {
        self.rows = rows
        self.bytes = bytes
    }
}

public enum ScanStep: Sendable {
    case next
    case stop
}

/// One page of a scan.
public struct ScanPage: Equatable, Sendable {
    public struct Row: Equatable, Sendable {
        public var key: [UInt8]
        public var value: [UInt8]

        public init(key: [UInt8], value: [UInt8]) {
            self.key = key
            self.value = value
        }
    }

    public var rows: [Row]
    /// What is left of the range, or nil.
    public var rest: KeyRange?

    public init(rows: [Row], rest: KeyRange?) {
        self.rows = rows
        self.rest = rest
    }
}

/// The sizes that every engine takes.
public enum EngineLimits {
    /// LMDB's limit, the smallest of all: the cluster's 480-byte key and its 31-byte prefix fit.
    public static let maxKeySize = 511
    public static let maxValueSize = 64 << 20
}

/// What a library does itself and what its module emulates.
public struct EngineCapabilities: Equatable, Sendable {
    /// `withValue` lends the library's memory, without a copy.
    public var zeroCopyReads: Bool
    /// `withResidentValue` can answer, if only of what was read before.
    public var residentReads: Bool
    /// `deleteRange` is one operation of the library, not a scan with deletes.
    public var nativeDeleteRange: Bool
    /// `checkpoint` is one operation of the library, not a copy row by row.
    public var nativeCheckpoint: Bool
    /// `multiGet` is one operation of the library.
    public var nativeMultiGet: Bool
    /// Data survives the process.
    public var persistent: Bool
    /// `write` never waits for a disk: an event loop may call it.
    public var writesInMemory: Bool
    /// Each `write` waits for a flush, a buffered one as well.
    public var flushesBufferedWrites: Bool
    /// All rows lie in mapped memory or in the process's own: a cache of rows in front would only hold them twice.
    public var readsInMemory: Bool

    public init(
        zeroCopyReads: Bool, residentReads: Bool, nativeDeleteRange: Bool, nativeCheckpoint: Bool,
        nativeMultiGet: Bool, persistent: Bool, writesInMemory: Bool = false,
        flushesBufferedWrites: Bool = false, readsInMemory: Bool = false
    ) {
        self.zeroCopyReads = zeroCopyReads
        self.residentReads = residentReads
        self.nativeDeleteRange = nativeDeleteRange
        self.nativeCheckpoint = nativeCheckpoint
        self.nativeMultiGet = nativeMultiGet
        self.persistent = persistent
        self.writesInMemory = writesInMemory
        self.flushesBufferedWrites = flushesBufferedWrites
        self.readsInMemory = readsInMemory
    }
}
