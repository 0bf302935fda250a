/// Bytes that can't be decoded. Nothing is kept of a message or value whose decoding threw.
public struct CodecError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        /// The bytes end before the value does.
        case truncated
        /// The bytes break a rule of the format.
        case malformed
        /// Written by a version of the format that this build doesn't know.
        case unknownVersion(UInt8)
        /// Well formed so far, but past a limit.
        case tooLarge
    }

    public var code: Code
    /// What was expected, for a log line.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String {
        switch code {
        case .truncated: "truncated: \(message)"
        case .malformed: "malformed: \(message)"
        case .unknownVersion(let version): "unknown version \(version): \(message)"
        case .tooLarge: "too large: \(message)"
        }
    }
}
