import ClusterCore

/// What may name a bucket where the store itself isn't asked.
package enum BucketRules {
    package static func check(_ bucket: String) throws(RequestError) {
        guard KeyLimits.accepts(bucket: bucket) else {
            throw RequestError(
                .invalidArgument,
                "a bucket's name has 1 to \(KeyLimits.maxBucketSize) bytes, this one has \(bucket.utf8.count)"
            )
        }
    }
}
