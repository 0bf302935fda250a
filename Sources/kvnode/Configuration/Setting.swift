import ObjectStorage
import TextAPI
import TraceExport

/// One key of the configuration: all that reading, checking, printing and help need to know of it.
struct Setting: Sendable {
    enum Kind: Sendable, Equatable {
        case int(ClosedRange<Int>)
        case powerOfTwo(ClosedRange<Int>)
        case bool
        /// A part of something; its value is text, as it was given.
        case ratio
        case choice([String])
        /// An identifier, see `nameRule`.
        case name
        case path
        /// Or empty, for none.
        case optionalPath
        case address
        /// Or empty, for what is chosen then.
        case optionalAddress
        /// `http://` or `https://`, host, port and path; or empty, for none.
        case optionalURL
        /// Anything.
        case text
        /// Where backups are kept (`ObjectStoreLocation`); or empty, for none.
        case optionalPlace
        /// `HH:MM`; or empty, for never.
        case optionalTime
        case members
        /// A list of `host:port`.
        case addresses
        /// The name of one of the build's engines.
        case engine([String])
    }

    enum Value: Equatable, Sendable {
        case int(Int)
        case bool(Bool)
        case text(String)
        case list([String])
    }

    /// Dotted, with the unit in the name: `requests.timeout_ms`.
    let key: String
    /// The environment variable that sets it: `KVNODE_REQUESTS_TIMEOUT_MS`.
    let environmentName: String
    var kind: Kind
    var defaultValue: Value
    /// One line.
    var help: String
    /// Never printed.
    var isSecret: Bool

    init(_ key: String, _ kind: Kind, _ defaultValue: Value, isSecret: Bool = false, _ help: String) {
        self.key = key
        environmentName = "KVNODE_" + String(key.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
        self.kind = kind
        self.defaultValue = defaultValue
        self.help = help
        self.isSecret = isSecret
    }

    var components: [String] { key.split(separator: ".").map(String.init) }

    static let nameRule = MemberRules.nameRule

    static func isName(_ text: String) -> Bool { MemberRules.isName(text) }
}

extension Setting.Value {
    /// As the configuration would have it; a list's elements are parted by ", ".
    var text: String {
        switch self {
        case .int(let value): String(value)
        case .bool(let value): String(value)
        case .text(let value): value
        case .list(let values): values.joined(separator: ", ")
        }
    }
}

extension Setting.Kind {
    var isList: Bool { self == .members || self == .addresses }

    /// What a value must be, for error messages and help.
    var accepted: String {
        switch self {
        case .int(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .powerOfTwo(let range): "a power of two from \(range.lowerBound) to \(range.upperBound)"
        case .bool: "true or false"
        case .ratio: "a number from 0 to 1"
        case .choice(let names): "one of " + names.joined(separator: ", ")
        case .name: Setting.nameRule
        case .path: "a path"
        case .optionalPath: "a path, or nothing"
        case .address: "host:port with a port from 0 to 65535"
        case .optionalAddress: "host:port with a port from 0 to 65535, or nothing"
        case .optionalURL: "a URL like http://host:port, or https, or nothing"
        case .text: "any text"
        case .optionalPlace: "s3://bucket/prefix or file:///path, or nothing"
        case .optionalTime: "a time of the day, HH:MM, or nothing"
        case .members: "a list of members, each \(MemberParser.syntax)"
        case .addresses: "a list of host:port with ports from 1 to 65535"
        case .engine(let names): "one of " + names.joined(separator: ", ")
        }
    }

    /// What is wrong with an item of a list; nil if nothing is.
    func problem(with item: String) -> String? {
        switch self {
        case .members:
            do throws(MemberParser.Failure) {
                _ = try MemberParser.parse(item)
                return nil
            } catch {
                return error.message
            }
        case .addresses:
            let port = HostPort(item)?.port ?? 0
            return port > 0 ? nil : "is not host:port with a port from 1 to 65535"
        default: preconditionFailure("only lists have items")
        }
    }

    /// The value that `text` stands for, or nil if this kind doesn't take it. Of a list, see `problem(with:)`.
    func parse(_ text: String) -> Setting.Value? {
        switch self {
        case .int(let range):
            guard let value = Int(text), range.contains(value) else { return nil }
            return .int(value)
        case .powerOfTwo(let range):
            guard let value = Int(text), range.contains(value), value.nonzeroBitCount == 1 else { return nil }
            return .int(value)
        case .bool:
            return Bool(text).map { .bool($0) }
        case .ratio:
            guard let value = Double(text), (0...1).contains(value) else { return nil }
            return .text(text)
        case .choice(let names), .engine(let names):
            return names.contains(text) ? .text(text) : nil
        case .name:
            return Setting.isName(text) ? .text(text) : nil
        case .path:
            return text.isEmpty || text.utf8.contains(0) ? nil : .text(text)
        case .optionalPath:
            return text.utf8.contains(0) ? nil : .text(text)
        case .address:
            return HostPort(text).map { .text($0.description) }
        case .optionalAddress:
            return text.isEmpty ? .text("") : HostPort(text).map { .text($0.description) }
        case .optionalURL:
            return text.isEmpty || TraceEndpoint(url: text) != nil ? .text(text) : nil
        case .text:
            return .text(text)
        case .optionalPlace:
            return text.isEmpty || (try? ObjectStoreLocation(text)) != nil ? .text(text) : nil
        case .optionalTime:
            return text.isEmpty || DailyTime(text) != nil ? .text(text) : nil
        case .members, .addresses:
            return nil
        }
    }
}
