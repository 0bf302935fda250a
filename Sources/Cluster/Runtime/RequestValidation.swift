import ClusterCore
import NIOCore

/// What every request must keep to, whichever API it came by.
extension ClusterConfiguration {
    /// The key as the engines have it.
    func storageKey(bucket: String, key: [UInt8]) throws(RequestError) -> StorageKey {
        try check(bucket: bucket)
        guard (1...KeyLimits.maxKeySize).contains(key.count) else {
            throw RequestError(
                .invalidArgument, "a key has 1 to \(KeyLimits.maxKeySize) bytes, this one has \(key.count)")
        }
        return StorageKey(bucket: bucket, key: key, partitionCount: layout.partitionCount)
    }

    func check(bucket: String) throws(RequestError) {
        guard (1...KeyLimits.maxBucketSize).contains(bucket.utf8.count) else {
            throw RequestError(
                .invalidArgument,
                "a bucket's name has 1 to \(KeyLimits.maxBucketSize) bytes, this one has \(bucket.utf8.count)"
            )
        }
    }

    func check(_ content: Sibling.Content) throws(RequestError) {
        guard case .value(let value, let contentType) = content else { return }
        guard value.count <= maxValueSize else {
            throw RequestError(
                .invalidArgument, "a value has at most \(maxValueSize) bytes, this one has \(value.count)")
        }
        guard contentType.utf8.count <= Self.maxContentTypeSize else {
            throw RequestError(
                .invalidArgument, "a content type has at most \(Self.maxContentTypeSize) bytes")
        }
    }

    static let maxContentTypeSize = 255

    /// What a change brings is held to the limit of a value, all of it together.
    func check(_ change: DataChange) throws(RequestError) {
        if case .expire(let expiry, _) = change { try check(expiry) }
        guard change.byteCount <= maxValueSize else {
            throw RequestError(
                .invalidArgument,
                "a change has at most \(maxValueSize) bytes, this one has \(change.byteCount)")
        }
    }

    func check(prefix: [UInt8]) throws(RequestError) {
        guard prefix.count <= KeyLimits.maxKeySize else {
            throw RequestError(
                .invalidArgument,
                "a prefix has at most \(KeyLimits.maxKeySize) bytes, this one has \(prefix.count)")
        }
    }

    /// How long a request that names `millis` may take; 0 takes the default.
    func timeout(millis: Int) throws(RequestError) -> TimeAmount {
        if millis == 0 { return defaultTimeout }
        guard millis > 0, TimeAmount.milliseconds(Int64(clamping: millis)) <= maxTimeout else {
            throw RequestError(
                .invalidArgument,
                "a timeout has 1 to \(maxTimeout.nanoseconds / 1_000_000) milliseconds, this one has \(millis)"
            )
        }
        return .milliseconds(Int64(millis))
    }

    func check(_ expiry: Expiry) throws(RequestError) {
        guard case .after(let milliseconds) = expiry else { return }
        let most = BucketProperties.maximumTTLSeconds
        guard (0...most * 1_000).contains(milliseconds) else {
            throw RequestError(
                .invalidArgument,
                "a time to live has 0 to \(most) seconds, this one has \(milliseconds / 1_000)")
        }
    }
}

/// What a client had seen, by the token that it passed back.
func causalContext(_ token: [UInt8], for key: StorageKey) throws(RequestError) -> CausalContext {
    do throws(CodecError) {
        return try ContextToken.decode(token, for: key)
    } catch {
        throw RequestError(.invalidArgument, "the context is not one that this key's reads gave: \(error)")
    }
}

extension Sibling.Content {
    /// Of a value as a client puts it.
    var byteCount: Int { if case .value(let value, _) = self { value.count } else { 0 } }
}
