import Crypto
import NIOCore
import NIOHTTP1

/// A request of S3, to be signed and sent.
struct S3Request: Sendable {
    /// Far more than a list of 1,000 keys takes.
    static let maxAnswerBytes = 16 << 20

    var method: HTTPMethod
    /// nil: the bucket itself is meant.
    var key: String?
    var query: [(name: String, value: String)] = []
    /// Besides those that every request has.
    var headers: [(name: String, value: String)] = []
    var body = Payload.empty
    /// The largest body of an answer that is taken.
    var maxAnswerBytes = S3Request.maxAnswerBytes
    /// S3 may answer 200 before it is done, and say in the body that it failed.
    var isAnsweredEarly = false

    /// A body, hashed once for all attempts.
    struct Payload: Sendable {
        static let empty = Payload(ByteBuffer())

        let bytes: ByteBuffer
        let hash: SHA256Digest

        init(_ bytes: ByteBuffer) {
            self.bytes = bytes
            hash = Hashes.sha256(bytes)
        }

        /// As S3 checks what has come.
        var checksumHeader: (name: String, value: String) { ("x-amz-checksum-sha256", Hashes.base64(hash)) }
    }
}
