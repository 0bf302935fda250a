/// How a bucket is reached, and within which limits.
public struct S3Configuration: Sendable {
    /// Where the bucket stands in an address.
    public enum Addressing: String, Sendable {
        /// By path if an endpoint is given or the bucket's name has dots, which certificates don't cover; else by host.
        case automatic
        /// `https://host/bucket/key`
        case path
        /// `https://bucket.host/key`
        case virtualHosted
    }

    /// What the server encrypts objects with.
    public enum Encryption: Sendable, Equatable {
        /// The bucket's own default.
        case none
        /// Keys of S3 (SSE-S3).
        case aes256
        /// A key of AWS KMS, by its ID or ARN; nil: the account's key for S3 (SSE-KMS).
        case kms(keyID: String?)
    }

    /// nil: `AWS_REGION` or `AWS_DEFAULT_REGION`.
    public var region: String?
    /// `https://host:port` of a server that is not AWS's; nil: AWS's of the region.
    public var endpoint: String?
    public var addressing = Addressing.automatic
    /// Objects above this size are sent in parts of it. S3 takes no parts below 5 MiB but the last, and 10,000 parts at most.
    public var partBytes = 16 << 20
    /// Of one object, on the way at a time.
    public var maxConcurrentParts = 4
    /// Of a connection, TLS included.
    public var connectTimeout = Duration.seconds(5)
    /// Of one attempt at a request, from its first byte to the last of the answer.
    public var requestTimeout = Duration.seconds(60)
    /// Of a request after its first attempt.
    public var maxRetries = 5
    /// The bound of the pause before the first retry. Bounds double; each pause is anywhere between none and its bound.
    public var retryBaseDelay = Duration.milliseconds(200)
    public var retryMaxDelay = Duration.seconds(10)
    public var encryption = Encryption.none
    /// The largest object that `get` takes into memory, at most 2 GiB.
    public var maxObjectBytes = 1 << 30

    public init(region: String? = nil, endpoint: String? = nil) {
        self.region = region
        self.endpoint = endpoint
    }

    /// - Throws: `invalidConfiguration`, with what would be right.
    func check() throws(ObjectStoreError) {
        let largestPart = 5 << 30
        guard (1...largestPart).contains(partBytes) else {
            throw error("parts of \(partBytes) bytes can't be sent: 1 to \(largestPart) can")
        }
        guard maxConcurrentParts > 0 else { throw error("at least one part must be on the way at a time") }
        guard maxRetries >= 0 else { throw error("the number of retries is below 0") }
        try ObjectLimit.check(maxObjectBytes)
        guard connectTimeout > .zero, requestTimeout > .zero else { throw error("a timeout is not above 0") }
        guard retryBaseDelay >= .zero, retryMaxDelay >= .zero else { throw error("a pause is below 0") }
    }

    private func error(_ message: String) -> ObjectStoreError {
        ObjectStoreError(.invalidConfiguration, message)
    }
}
