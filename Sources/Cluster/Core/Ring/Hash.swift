/// The 64-bit xxHash (XXH64) of `bytes` with seed 0: fast, well mixed, and the same on every machine.
///
/// It decides which partition a key belongs to, so it is part of the format of the data on disk and never changes.
/// It is no defence against someone who chooses keys to collide. Source: the xxHash specification, "xxHash fast
/// digest algorithm" (Yann Collet), section XXH64.
public func hash64(_ bytes: [UInt8]) -> UInt64 {
    hash64(bytes.span.bytes)
}

/// The same for a part of an array, or for any trivial memory.
func hash64(_ bytes: RawSpan) -> UInt64 {
    var offset = 0
    var hash: UInt64
    if bytes.byteCount >= 32 {
        hash = XXH64.stripes(bytes, &offset)
    } else {
        hash = XXH64.prime5
    }
    hash &+= UInt64(bytes.byteCount)
    while offset + 8 <= bytes.byteCount {
        hash ^= XXH64.round(0, XXH64.word(bytes, offset))
        hash = XXH64.rotate(hash, 27) &* XXH64.prime1 &+ XXH64.prime4
        offset += 8
    }
    if offset + 4 <= bytes.byteCount {
        let word = UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
        hash ^= UInt64(word) &* XXH64.prime1
        hash = XXH64.rotate(hash, 23) &* XXH64.prime2 &+ XXH64.prime3
        offset += 4
    }
    while offset < bytes.byteCount {
        hash ^= UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) &* XXH64.prime5
        hash = XXH64.rotate(hash, 11) &* XXH64.prime1
        offset += 1
    }
    return XXH64.avalanche(hash)
}

/// The steps of the algorithm, named as in its specification.
private enum XXH64 {
    static var prime1: UInt64 { 0x9E37_79B1_85EB_CA87 }
    static var prime2: UInt64 { 0xC2B2_AE3D_27D4_EB4F }
    static var prime3: UInt64 { 0x1656_67B1_9E37_79F9 }
    static var prime4: UInt64 { 0x85EB_CA77_C2B2_AE63 }
    static var prime5: UInt64 { 0x27D4_EB2F_1656_67C5 }

    static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        value &<< bits | value &>> (64 &- bits)
    }

    static func word(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotate(accumulator &+ lane &* prime2, 31) &* prime1
    }

    static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* prime1 &+ prime4
    }

    /// Takes all whole stripes of 32 bytes, four lanes side by side, and converges the lanes.
    static func stripes(_ bytes: RawSpan, _ offset: inout Int) -> UInt64 {
        var a = prime1 &+ prime2
        var b = prime2
        var c: UInt64 = 0
        var d = 0 &- prime1
        while offset + 32 <= bytes.byteCount {
            a = round(a, word(bytes, offset))
            b = round(b, word(bytes, offset + 8))
            c = round(c, word(bytes, offset + 16))
            d = round(d, word(bytes, offset + 24))
            offset += 32
        }
        var hash = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
        hash = merge(hash, a)
        hash = merge(hash, b)
        hash = merge(hash, c)
        return merge(hash, d)
    }

    static func avalanche(_ value: UInt64) -> UInt64 {
        var hash = value
        hash = (hash ^ hash &>> 33) &* prime2
        hash = (hash ^ hash &>> 29) &* prime3
        return hash ^ hash &>> 32
    }
}
