/// How long names may be. An engine's key holds 2 + 1 + 28 + 480 = 511 bytes at most, the least that every engine takes.
public enum KeyLimits {
    /// Bytes of a key, at most; at least one.
    public static let maxKeySize = 480
    /// Bytes of a bucket's name in UTF-8, at most; at least one.
    public static let maxBucketSize = 28

    /// Whether `key` may be stored. The client APIs ask this before they make a `StorageKey`.
    public static func accepts(key: [UInt8]) -> Bool {
        !key.isEmpty && key.count <= maxKeySize
    }

    /// Whether `bucket` may name a bucket.
    public static func accepts(bucket: String) -> Bool {
        !bucket.isEmpty && bucket.utf8.count <= maxBucketSize
    }
}
