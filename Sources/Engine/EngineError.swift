/// Why an engine refused or failed, whatever the library.
public struct EngineError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The files are damaged, or are not this library's.
        case corruption
        /// The operating system failed a read or a write.
        case io
        /// The disk, the quota, or the engine's configured size is used up. Reads still work.
        case noSpace
        /// Another process, or another engine in this one, has the directory open.
        case locked
        case keyEmpty
        case keyTooLarge
        case valueTooLarge
        /// The engine was closed before the call.
        case closed
        /// A call or an option that the engine cannot take.
        case invalidArgument
        /// A queue of the executor is full: try again later.
        case overloaded
    }

    public var code: Code
    /// The library's own words where it has any.
    public var message: String
    /// The engine's directory, where one is known.
    public var path: String?

    public init(_ code: Code, _ message: String, path: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
    }

    public var description: String {
        "\(code.rawValue): \(message)" + (path.map { " (\($0))" } ?? "")
    }
}
