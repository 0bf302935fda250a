import Configuration
import Yams

/// A YAML configuration file: its values through swift-configuration, and its outline (which keys it has, where), which
/// swift-configuration doesn't tell and which misspelt and repeated keys are found by.
struct ConfigurationFile: Sendable {
    enum Shape: Equatable, Sendable {
        case scalar
        case list
        /// `key:` and nothing after it.
        case null
    }

    struct Entry: Equatable, Sendable {
        var key: String
        var line: Int?
        var shape: Shape
    }

    var path: String
    /// The leaves, in the order of the file.
    var entries: [Entry]
    /// Nil for a file without any.
    var values: YAMLSnapshot?

    /// Many more than there are settings and groups. Aliases of aliases make any number of keys out of a few lines.
    private static let maxKeys = 4096
    private var keyCount = 0

    /// - Throws: `ConfigurationError` that names the file, and the line where there is one.
    init(path: String, text: String) throws {
        self.path = path
        entries = []
        let root: Yams.Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw ConfigurationError(["\(path) is not valid YAML: \(Self.firstLines(of: error))"])
        }
        guard let root, root.tag != Tag(.null) else { return }
        guard let mapping = root.mapping else {
            throw ConfigurationError(["\(path) holds no keys: a configuration is a YAML mapping"])
        }
        try collect(mapping, prefix: "")
        let bytes = Array(text.utf8)
        values = try YAMLSnapshot(data: bytes.span.bytes, providerName: path, parsingOptions: .default)
    }

    private mutating func collect(_ mapping: Yams.Node.Mapping, prefix: String) throws {
        for (name, node) in mapping {
            keyCount += 1
            guard keyCount <= Self.maxKeys else {
                throw ConfigurationError(["\(path) has more than \(Self.maxKeys) keys"])
            }
            guard let name = name.scalar?.string else {
                throw ConfigurationError(["\(path):\(name.mark?.line ?? 0): a key is not a plain word"])
            }
            let key = prefix + name
            switch node {
            case .mapping(let inner):
                try collect(inner, prefix: key + ".")
            case .sequence(let items):
                guard items.allSatisfy({ $0.scalar != nil }) else {
                    throw ConfigurationError(["\(path): \(key) is a list that holds more than plain words"])
                }
                entries.append(Entry(key: key, line: node.mark?.line, shape: .list))
            case .scalar, .alias:
                let shape: Shape = node.tag == Tag(.null) ? .null : .scalar
                entries.append(Entry(key: key, line: node.mark?.line, shape: shape))
            }
        }
    }

    /// Yams' errors show the offending text over several lines.
    private static func firstLines(of error: any Error) -> String {
        "\(error)".split(whereSeparator: \.isNewline).joined(separator: " | ")
    }
}
