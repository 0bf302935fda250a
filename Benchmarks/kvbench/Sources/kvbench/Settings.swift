import ArgumentParser

/// Settings of kvnode that nodes are started with to be compared with others, in the words of the command line: NAME:KEY=VALUE,KEY=VALUE,
/// or a name alone for what nodes have anyway.
struct Settings: Equatable {
    var name: String
    /// Values by settings' names, such as `engine.row_cache_bytes`.
    var values: [String: String]

    /// What nodes have anyway, where nothing is compared with it.
    static let usual = Settings(name: "", values: [:])

    private init(name: String, values: [String: String]) {
        self.name = name
        self.values = values
    }

    init(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        name = parts[0]
        guard !name.isEmpty, !name.contains("=") else {
            throw ValidationError("\"\(text)\" is no NAME:KEY=VALUE,KEY=VALUE")
        }
        values = [:]
        for part in parts.dropFirst().first?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
            let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            guard words.count == 2, !words[0].isEmpty else {
                throw ValidationError("\"\(part)\" is no KEY=VALUE")
            }
            guard values.updateValue(words[1], forKey: words[0]) == nil else {
                throw ValidationError("\"\(text)\" sets \(words[0]) twice")
            }
        }
    }

    /// The same for a node: as the environment's variables, which win over its file.
    var environment: [String: String] {
        Dictionary(
            values.map { key, value in
                (
                    "KVNODE_"
                        + key.uppercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined(),
                    value
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    static func validate(_ all: [Settings]) throws {
        guard all.count != 1 else { throw ValidationError("one --settings has nothing to be compared with") }
        guard Set(all.map(\.name)).count == all.count else {
            throw ValidationError("several --settings need a name each")
        }
    }
}
