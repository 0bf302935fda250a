/// A key as the engines keep it: the partition, the bucket and the key in one string of bytes.
///
/// ```
/// partition (2 bytes, big-endian) | length of the bucket (1 byte) | bucket (UTF-8) | key
/// ```
/// A partition's keys are therefore one contiguous range, and in it a bucket's keys are one, ordered by key. The
/// partition is the top log2(Q) bits of `hash64(bucket | 0 | key)`, so it depends on nothing but the names and Q.
public struct StorageKey: Hashable, Sendable {
    /// The encoded form, at most 511 bytes.
    public let bytes: [UInt8]

    /// The place of `key` of `bucket` in a ring of `partitionCount` partitions.
    ///
    /// - Precondition: `KeyLimits` accepts both names, and `partitionCount` is a power of two from 1 to 65,536.
    public init(bucket: String, key: [UInt8], partitionCount: Int) {
        precondition(KeyLimits.accepts(bucket: bucket), "a bucket's name has 1 to 28 bytes")
        precondition(KeyLimits.accepts(key: key), "a key has 1 to 480 bytes")
        precondition(Layout.accepts(partitionCount: partitionCount), "bad partition count")
        let bucketSize = bucket.utf8.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerSize + bucketSize + key.count)
        // What is hashed is laid out first, in the array that becomes the key, to save an allocation per request.
        bytes.append(0)
        bytes.append(0)
        bytes.append(contentsOf: bucket.utf8)
        bytes.append(0)
        bytes.append(contentsOf: key)
        let hash = hash64(bytes.span.bytes.extracting(2..<bytes.count))
        let partition = hash >> UInt64(64 - partitionCount.trailingZeroBitCount)
        bytes[0] = UInt8(truncatingIfNeeded: partition >> 8)
        bytes[1] = UInt8(truncatingIfNeeded: partition)
        for index in stride(from: 2 + bucketSize, to: 2, by: -1) { bytes[index] = bytes[index - 1] }
        bytes[2] = UInt8(bucketSize)
        self.bytes = bytes
    }

    /// Takes what an engine or a peer holds; nil unless it has the form above, within `KeyLimits`.
    ///
    /// It isn't checked that the partition is the one that the names hash to: that would take Q.
    public init?(bytes: [UInt8]) {
        guard bytes.count > Self.headerSize else { return nil }
        let bucketSize = Int(bytes[2])
        let keySize = bytes.count - Self.headerSize - bucketSize
        guard 1...KeyLimits.maxBucketSize ~= bucketSize, 1...KeyLimits.maxKeySize ~= keySize,
            String(validating: bytes[Self.headerSize..<Self.headerSize + bucketSize], as: UTF8.self) != nil
        else { return nil }
        self.bytes = bytes
    }

    /// The partition, 0 to 65,535.
    public var partition: Int { Int(bytes[0]) << 8 | Int(bytes[1]) }

    /// The bucket's name; decoded at each call.
    public var bucket: String {
        String(decoding: bytes[Self.headerSize..<keyOffset], as: UTF8.self)
    }

    /// Whether `name` is its bucket's, in UTF-8: without decoding it.
    public func isInBucket(_ name: [UInt8]) -> Bool {
        let size = Int(bytes[2])
        guard name.count == size else { return false }
        for index in 0..<size where bytes[Self.headerSize + index] != name[index] { return false }
        return true
    }

    /// The key in its bucket; copied at each call.
    public var key: [UInt8] { Array(bytes[keyOffset...]) }

    /// Bytes of the key in its bucket.
    var keySize: Int { bytes.count - keyOffset }

    /// The engine keys of a partition: from `lower` up to, not including, `upper`; nil means to the end.
    public static func range(ofPartition partition: Int) -> (lower: [UInt8], upper: [UInt8]?) {
        (prefix(ofPartition: partition), partition == 65_535 ? nil : prefix(ofPartition: partition + 1))
    }

    /// What all keys of `bucket` in a partition begin with, and no others do.
    public static func bucketPrefix(partition: Int, bucket: String) -> [UInt8] {
        prefix(ofPartition: partition) + [UInt8(bucket.utf8.count)] + Array(bucket.utf8)
    }

    /// Partition and length of the bucket.
    private static var headerSize: Int { 3 }

    private var keyOffset: Int { Self.headerSize + Int(bytes[2]) }

    private static func prefix(ofPartition partition: Int) -> [UInt8] {
        [UInt8(partition >> 8), UInt8(partition & 0xFF)]
    }
}
