#if LMDB
import Engine

/// How a value lies in the file: the value, then a checksum of key and value, 8 bytes, little-endian.
///
/// LMDB has no checksums of its own, so without it a flipped bit would be read as data and, by read repair and
/// anti-entropy, spread to sound replicas.
enum LMDBRow {
    static let trailerSize = 8

    /// The value of a stored row; nil if it does not fit its checksum.
    static func value(_ stored: UnsafeRawBufferPointer, of key: UnsafeRawBufferPointer)
        -> UnsafeRawBufferPointer?
    {
        let size = stored.count - trailerSize
        guard size >= 0 else { return nil }
        let value = UnsafeRawBufferPointer(rebasing: stored[..<size])
        let found = UInt64(littleEndian: stored.loadUnaligned(fromByteOffset: size, as: UInt64.self))
        return found == checksum(key, value) ? value : nil
    }

    /// Writes the row of `value` into `room`, which has `trailerSize` bytes more than the value.
    static func fill(
        _ room: UnsafeMutableRawBufferPointer, with value: UnsafeRawBufferPointer,
        of key: UnsafeRawBufferPointer
    ) {
        room.copyMemory(from: value)
        room.storeBytes(
            of: checksum(key, value).littleEndian, toByteOffset: value.count, as: UInt64.self)
    }

    /// Against damage, not malice: a change within one word of eight bytes always changes it, since each step is a
    /// bijection; any other goes unseen once in 2^64.
    private static func checksum(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> UInt64 {
        mix(value, into: mix(key, into: 0xcbf2_9ce4_8422_2325))
    }

    private static func mix(_ bytes: UnsafeRawBufferPointer, into start: UInt64) -> UInt64 {
        var sum = step(start, UInt64(bytes.count))
        var offset = 0
        if bytes.count >= 32 {
            // Four sums at a time, since a step waits for the one before.
            var (a, b, c, d) = (sum, sum &+ 1, sum &+ 2, sum &+ 3)
            while offset + 32 <= bytes.count {
                a = step(a, word(bytes, offset))
                b = step(b, word(bytes, offset + 8))
                c = step(c, word(bytes, offset + 16))
                d = step(d, word(bytes, offset + 24))
                offset += 32
            }
            sum = step(step(step(a, b), c), d)
        }
        while offset + 8 <= bytes.count {
            sum = step(sum, word(bytes, offset))
            offset += 8
        }
        guard offset < bytes.count else { return sum }
        var rest: UInt64 = 0
        for byte in bytes[offset...] { rest = rest << 8 | UInt64(byte) }
        return step(sum, rest)
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Multiplying by an odd number and folding the upper half in are both reversible.
    private static func step(_ sum: UInt64, _ word: UInt64) -> UInt64 {
        let product = (sum ^ word) &* 0x9e37_79b1_85eb_ca87
        return product ^ product >> 32
    }
}
#endif
