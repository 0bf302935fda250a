extension HashTree {
    private static let formatVersion: UInt8 = 1

    /// As stored at a clean stop; docs/formats.md has it byte by byte.
    ///
    /// - Returns: Nil unless complete.
    public func encoded() -> [UInt8]? {
        guard isComplete else { return nil }
        var writer = ByteWriter(capacity: 32 + classes.count * (1 + 8 * shape.leafCount))
        writer.u8(Self.formatVersion)
        writer.int(partition)
        writer.u8(UInt8(shape.levels))
        writer.u8(UInt8(classes.count))
        for sizeClass in classes {
            writer.u8(UInt8(sizeClass.n))
            for sum in sizeClass.leaves { writer.u64(sum) }
        }
        writer.u64(hash64(writer.bytes))
        return writer.bytes
    }

    /// - Throws: `CodecError` unless it is one encoding, whole and undamaged, of a tree of this shape.
    public static func decode(_ bytes: [UInt8], shape: TreeShape) throws(CodecError) -> HashTree {
        guard bytes.count > 8 else { throw CodecError(.truncated, "a hash tree") }
        var reader = ByteReader(bytes[..<(bytes.count - 8)])
        var check = ByteReader(bytes[(bytes.count - 8)...])
        let version = try reader.u8()
        guard version == formatVersion else { throw CodecError(.unknownVersion(version), "a hash tree") }
        guard try check.u64() == hash64(bytes.span.bytes.extracting(0..<(bytes.count - 8))) else {
            throw CodecError(.malformed, "a damaged hash tree")
        }
        let partition = try reader.int()
        let levels = try reader.u8()
        guard 0..<Layout.maxPartitionCount ~= partition, Int(levels) == shape.levels else {
            throw CodecError(.malformed, "a hash tree of partition \(partition) with \(levels) levels")
        }
        var classes: [SizeClass] = []
        for _ in 0..<(try reader.u8()) {
            let n = Int(try reader.u8())
            guard 1...Layout.maxReplicationFactor ~= n, n > classes.last?.n ?? 0 else {
                throw CodecError(.malformed, "a hash tree's sums for n = \(n)")
            }
            classes.append(try decodeClass(n: n, &reader, shape))
        }
        try reader.expectEnd()
        return HashTree(partition: partition, shape: shape, coverage: .whole, classes: classes)
    }

    private static func decodeClass(
        n: Int, _ reader: inout ByteReader, _ shape: TreeShape
    ) throws(CodecError) -> SizeClass {
        guard reader.remaining >= 8 * shape.leafCount else {
            throw CodecError(.truncated, "the leaves of a hash tree")
        }
        var leaves: [UInt64] = []
        leaves.reserveCapacity(shape.leafCount)
        for _ in 0..<shape.leafCount { leaves.append(try reader.u64()) }
        return SizeClass(n: n, root: leaves.reduce(0, &+), leaves: leaves)
    }
}
