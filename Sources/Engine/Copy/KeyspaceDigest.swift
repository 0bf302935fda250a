/// What a keyspace holds, in a few numbers that are the same for the same rows, whatever engine tells them.
public struct KeyspaceDigest: Equatable, Sendable {
    public let keyspace: Keyspace
    public private(set) var rows = 0
    /// Of keys and values.
    public private(set) var bytes: UInt64 = 0
    /// Over the keys and values, with their sizes, in the order of the keys.
    ///
    /// Against damage, not malice: each step is a bijection, so that a change within one word of eight bytes always
    /// changes the hash; any other goes unseen once in 2^64.
    public private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    public init(_ keyspace: Keyspace) { self.keyspace = keyspace }

    /// Adds a row, whose key follows all that were added before.
    public mutating func add(_ key: RawSpan, _ value: RawSpan) {
        rows += 1
        bytes += UInt64(key.byteCount + value.byteCount)
        mix(key)
        mix(value)
    }

    private mutating func mix(_ span: RawSpan) {
        step(UInt64(span.byteCount))
        var offset = 0
        while offset + 8 <= span.byteCount {
            step(UInt64(littleEndian: span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        guard offset < span.byteCount else { return }
        var rest: UInt64 = 0
        while offset < span.byteCount {
            rest = rest << 8 | UInt64(span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self))
            offset += 1
        }
        step(rest)
    }

    /// Multiplying by an odd number and folding the upper half in are both reversible.
    private mutating func step(_ word: UInt64) {
        let product = (hash ^ word) &* 0x9e37_79b1_85eb_ca87
        hash = product ^ product >> 32
    }
}
