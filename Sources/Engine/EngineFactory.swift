/// A storage library as the node's registry sees it: a name for the configuration, its options, and how to open it.
public protocol EngineFactory: Sendable {
    /// The name in `engine.type`, such as `rocksdb`.
    static var name: String { get }

    /// What an operator may tune, in the order in which help shows it.
    static var options: [EngineOption] { get }

    /// Opens, and if needed creates, the engine's files in the directory `path`, whose parent exists.
    ///
    /// - Throws: `locked` if another engine has it open, `corruption`, `io`, `noSpace`, or `invalidArgument`.
    static func open(at path: String, options: EngineOptions) throws(EngineError) -> any StorageEngine

    /// Puts together what can be read of files that ``open(at:options:)`` refuses, in new files, which it opens.
    ///
    /// Rows are missing then, and older states of rows may have come back. For an engine that nobody has open.
    ///
    /// - Parameters:
    ///   - path: The damaged files, which stay as they are.
    ///   - copy: The directory for the new ones, which must not exist. What a call that fails leaves there is of no use.
    /// - Throws: `corruption` or `io` if nothing can be put together, `noSpace`, `invalidArgument` if `copy` exists.
    static func rebuild(from path: String, to copy: String, options: EngineOptions) throws(EngineError)
}

extension EngineFactory {
    /// For an engine that keeps nothing on a disk.
    public static func rebuild(
        from path: String, to copy: String, options: EngineOptions
    ) throws(EngineError) {
        throw EngineError(.invalidArgument, "the engine \(name) has no files to rebuild", path: path)
    }
}

/// One tunable of an engine.
public struct EngineOption: Sendable {
    public enum Kind: Sendable {
        case int(ClosedRange<Int>)
        case bool
        case choice([String])
    }

    /// Snake case, with its unit: `block_cache_bytes`.
    public var name: String
    public var kind: Kind
    /// In the form in which the configuration would have it.
    public var defaultValue: String
    /// One line.
    public var help: String

    public init(_ name: String, _ kind: Kind, default defaultValue: String, help: String) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.help = help
    }

    /// What the option takes, for an error message: `an integer from 1 to 8`.
    public var accepted: String {
        switch kind {
        case .int(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .bool: "true or false"
        case .choice(let names): "one of " + names.joined(separator: ", ")
        }
    }

    func accepts(_ value: String) -> Bool {
        switch kind {
        case .int(let range): Int(value).map(range.contains) ?? false
        case .bool: value == "true" || value == "false"
        case .choice(let names): names.contains(value)
        }
    }
}

/// The checked values of an engine's options.
public struct EngineOptions: Sendable {
    private var values: [String: String]

    /// - Parameters:
    ///   - given: Values by option name; what is absent takes its default.
    ///   - prefix: What an error message puts before an option's name, such as `engine.rocksdb.`.
    /// - Throws: `invalidArgument` that names the option and what it accepts.
    public init(
        _ options: [EngineOption], given: [String: String] = [:], prefix: String = ""
    ) throws(EngineError) {
        values = [:]
        for option in options {
            let value = given[option.name] ?? option.defaultValue
            guard option.accepts(value) else {
                throw EngineError(
                    .invalidArgument,
                    "\(prefix)\(option.name) is \"\(value)\", but takes \(option.accepted)")
            }
            values[option.name] = value
        }
        for name in given.keys.sorted() where values[name] == nil {
            throw EngineError(
                .invalidArgument,
                "\(prefix)\(name) is not an option; there are: "
                    + options.map(\.name).joined(separator: ", "))
        }
    }

    /// The option `name`, which the engine declared as an integer.
    public func int(_ name: String) -> Int { Int(value(name))! }
    /// The option `name`, which the engine declared as a truth value.
    public func bool(_ name: String) -> Bool { value(name) == "true" }
    /// The option `name`, which the engine declared as a choice.
    public func choice(_ name: String) -> String { value(name) }

    private func value(_ name: String) -> String {
        guard let value = values[name] else { preconditionFailure("option \(name) was not declared") }
        return value
    }
}
