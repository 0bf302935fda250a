/// Commands by which clients learn what the server is and can do.
enum ServerCommands {
    /// The version of Redis whose commands are served as it does, which clients choose features by.
    static let redisVersion = "7.0.15"

    static func reply(_ command: RESPCommand, _ parser: RESPParser) throws(RESPCommandError) -> RESPReply {
        switch command {
        case .command: try describe(parser)
        case .config: try config(parser)
        case .info: info(parser)
        default: preconditionFailure("a command of another kind")
        }
    }

    // MARK: COMMAND

    /// Names of commands that one command may ask about: what is told of each is a hundred times as long as its name.
    private static let maxNames = 256

    private static func describe(_ parser: RESPParser) throws(RESPCommandError) -> RESPReply {
        if parser.count == 1 { return .array(RESPCommand.allCases.map(\.info)) }
        let names = 2..<parser.count
        guard names.count <= maxNames else {
            throw .other("at most \(maxNames) commands are told of at a time")
        }
        switch parser.lowercased(1) {
        case "count" where names.isEmpty: return .integer(RESPCommand.allCases.count)
        case "list" where names.isEmpty: return .array(RESPCommand.allCases.map { .bulk($0.rawValue) })
        case "info" where names.isEmpty: return .array(RESPCommand.allCases.map(\.info))
        case "info":
            return .array(names.map { RESPCommand(name: parser.argument($0))?.info ?? .null })
        case "docs":
            let named =
                names.isEmpty
                ? RESPCommand.allCases : names.compactMap { RESPCommand(name: parser.argument($0)) }
            return .map(
                named.map {
                    (.bulk($0.rawValue), .map([(.bulk("group"), .bulk($0.description.group.rawValue))]))
                })
        case "count", "list": throw .wrongCount("command|\(parser.lowercased(1))")
        default:
            throw .other("unknown subcommand '\(parser.text(1))'. Try COMMAND COUNT, DOCS, INFO or LIST.")
        }
    }

    // MARK: CONFIG

    /// What of Redis's configuration has a meaning here; clients ask for it.
    private static let settings = [
        // Every write is kept, by the engine: there is no file of Redis's beside it.
        ("appendonly", "no"), ("databases", "1"), ("maxmemory", "0"), ("maxmemory-policy", "noeviction"),
        ("save", ""),
    ]

    private static func config(_ parser: RESPParser) throws(RESPCommandError) -> RESPReply {
        guard parser.lowercased(1) == "get" else {
            throw .other(
                "'CONFIG \(parser.text(1))' is not served: a node is configured by its file and flags")
        }
        guard parser.count > 2 else { throw .wrongCount("config|get") }
        let patterns = (2..<parser.count).map(parser.lowercased)
        let found = settings.filter { setting in
            patterns.contains { GlobPattern(Array($0.utf8)).matches(Array(setting.0.utf8)) }
        }
        return .map(found.map { (.bulk($0.0), .bulk($0.1)) })
    }

    // MARK: INFO

    private static let sections: [(name: String, title: String, lines: [String])] = [
        (
            "server", "Server",
            ["redis_version:\(redisVersion)", "redis_mode:standalone", "server_name:kvnode"]
        ),
        ("replication", "Replication", ["role:master", "connected_slaves:0"]),
        ("cluster", "Cluster", ["cluster_enabled:0"]),
    ]

    private static func info(_ parser: RESPParser) -> RESPReply {
        let asked = (1..<parser.count).map(parser.lowercased)
        let isAll = asked.isEmpty || asked.contains { ["default", "all", "everything"].contains($0) }
        let shown = sections.filter { isAll || asked.contains($0.name) }
        let texts = shown.map { section in
            (["# \(section.title)"] + section.lines).map { $0 + "\r\n" }.joined()
        }
        return .text(texts.joined(separator: "\r\n"))
    }
}

extension RESPCommand {
    /// As `COMMAND INFO` has it.
    fileprivate var info: RESPReply {
        let description = description
        let arity = description.arity
        // The first, the last (-1: of all arguments), and the step from one to the next.
        let keys: [RESPReply] =
            switch description.keys {
            case .none: [.integer(0), .integer(0), .integer(0)]
            case .first: [.integer(1), .integer(1), .integer(1)]
            case .all: [.integer(1), .integer(-1), .integer(1)]
            case .pairs: [.integer(1), .integer(-1), .integer(2)]
            }
        return .array(
            [
                .bulk(rawValue),
                .integer(arity.upperBound == arity.lowerBound ? arity.lowerBound : -arity.lowerBound),
                .array(description.flags.map { .simple($0.rawValue) }),
            ] + keys + [
                // Categories for access, tips, specifications of keys, subcommands.
                .array([]), .array([]), .array([]), .array([]),
            ])
    }
}
