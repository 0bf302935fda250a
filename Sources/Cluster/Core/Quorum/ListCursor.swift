/// Where a listing goes on: what a client passes back, as an opaque token, to get the next keys.
///
/// Version 1 of the token: `u8` version · `u8` kind · kind 1, after a key: the storage key to the end · kind 2, from
/// the start of a partition: `u16`.
public enum ListCursor: Equatable, Sendable {
    /// After this key, whether or not it still exists.
    case after(StorageKey)
    /// From the start of this partition: nothing of it was visited.
    case from(partition: Int)

    private static let formatVersion: UInt8 = 1

    private enum Kind {
        static let after: UInt8 = 1
        static let from: UInt8 = 2
    }

    /// The partition in which the listing goes on.
    public var partition: Int {
        switch self {
        case .after(let key): key.partition
        case .from(let partition): partition
        }
    }

    /// The token.
    public func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(Self.formatVersion)
        switch self {
        case .after(let key):
            writer.u8(Kind.after)
            writer.raw(key.bytes)
        case .from(let partition):
            writer.u8(Kind.from)
            writer.u16(UInt16(partition))
        }
        return writer.bytes
    }

    /// Reads a token that a listing of `bucket` gave out.
    ///
    /// - Returns: `nil` for an empty token: from the start.
    /// - Throws: `invalidArgument` for anything else that is no token, or one of another bucket, or of a cluster with
    ///   another number of partitions.
    public static func decode(
        _ token: [UInt8], bucket: String, partitionCount: Int
    ) throws(RequestError) -> ListCursor? {
        if token.isEmpty { return nil }
        guard let cursor = parse(token), cursor.partition < partitionCount,
            cursor.isOf(bucket, partitionCount)
        else {
            throw RequestError(
                code: .invalidArgument, message: "the cursor is none that a listing of this bucket gave")
        }
        return cursor
    }

    /// The place that a token names; nil if it is none, or empty.
    public static func parse(_ token: [UInt8]) -> ListCursor? {
        guard token.count >= 2, token[0] == formatVersion else { return nil }
        switch (token[1], token.count) {
        case (Kind.after, _): return StorageKey(bytes: Array(token[2...])).map { .after($0) }
        case (Kind.from, 4): return .from(partition: Int(token[2]) << 8 | Int(token[3]))
        default: return nil
        }
    }

    private func isOf(_ bucket: String, _ partitionCount: Int) -> Bool {
        guard case .after(let key) = self else { return true }
        return key.bucket == bucket
            && StorageKey(bucket: bucket, key: key.key, partitionCount: partitionCount) == key
    }
}
