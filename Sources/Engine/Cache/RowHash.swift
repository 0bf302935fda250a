/// A hash of `key` for tables in memory: eight bytes at a time, each by a multiplication whose halves are folded, as in wyhash
/// (Wang Yi, 2019). A key of 30 bytes takes a few nanoseconds.
///
/// - Parameter seed: Drawn at random where clients choose the keys, so that they do not know which collide.
@inline(__always)
func rowHash(_ key: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var hash = seed ^ UInt64(key.count)
    var offset = 0
    while offset + 8 <= key.count {
        hash = fold(hash ^ key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
    }
    var rest: UInt64 = 0
    while offset < key.count {
        rest = rest << 8 | UInt64(key[offset])
        offset += 1
    }
    // Twice: some bits choose the shard and others the slot, and all are to depend on the last byte.
    return fold(fold(hash ^ rest))
}

@inline(__always)
private func fold(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
}
