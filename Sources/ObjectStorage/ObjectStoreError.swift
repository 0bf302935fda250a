/// Why an object store refused or failed.
public struct ObjectStoreError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// There are no credentials, or they don't do, or they don't allow it.
        case notAuthorized
        case noSuchBucket
        /// The disk, or the quota, is used up.
        case noSpace
        /// The server can't be reached, or fails.
        case unreachable
        case timedOut
        /// The server wants fewer requests.
        case throttled
        /// What came is not what was sent.
        case corrupt
        /// A name or a location that can't be one.
        case invalidName
        /// What is configured doesn't do: no region, another region than the bucket's, an endpoint that is no address.
        case invalidConfiguration
        /// The server doesn't do it, for a reason of its own; or an object is larger than is taken.
        case refused
        /// The operating system failed a read or a write.
        case io
        /// The caller's task was cancelled.
        case cancelled
    }

    public var code: Code
    /// Names the store, the object, and what the server said with its status, code and number of the request; no secrets.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
