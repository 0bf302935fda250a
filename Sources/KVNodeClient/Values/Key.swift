public import Foundation

extension KVNodeStore {
    /// A key of a bucket.
    public struct Key: Hashable, Sendable, CustomStringConvertible {
        /// 1 to 28 bytes of UTF-8.
        public var bucket: String
        /// 1 to 480 bytes, any.
        public var bytes: Data

        /// - Parameters:
        ///   - text: The key, which is its UTF-8.
        ///   - bucket: 1 to 28 bytes of UTF-8.
        public init(_ text: String, in bucket: String = "default") {
            self.init(bytes: Data(text.utf8), in: bucket)
        }

        /// - Parameters:
        ///   - bytes: The key, 1 to 480 bytes.
        ///   - bucket: 1 to 28 bytes of UTF-8.
        public init(bytes: Data, in bucket: String = "default") {
            self.bucket = bucket
            self.bytes = bytes
        }

        /// For people; bytes that are no UTF-8 are replaced.
        public var description: String { "\(bucket)/\(String(decoding: bytes, as: UTF8.self))" }
    }
}
