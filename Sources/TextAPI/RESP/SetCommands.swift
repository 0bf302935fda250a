import ClusterCore

/// Commands on sets, as Redis has them.
enum SetCommands {
    static func plan(
        _ command: RESPCommand, _ parser: RESPParser
    ) throws(RESPCommandError) -> RESPPlan {
        let key = parser.bytes(1)
        switch command {
        case .sadd: return .change(key, .addMembers(parser.rest(from: 2)), .count)
        case .srem: return .change(key, .removeMembers(parser.rest(from: 2)), .count)
        case .smembers: return .read([key], .set(.members))
        case .scard: return .read([key], .set(.count))
        case .sismember: return .read([key], .set(.contains(parser.bytes(2))))
        case .smismember: return .read([key], .set(.containsEach(parser.rest(from: 2))))
        case .sscan: return .read([key], .set(.scan(try ScanOptions(ofOne: parser))))
        default: preconditionFailure("a command of another kind")
        }
    }

    /// What of a set a reply tells.
    enum Question {
        case members
        case count
        case contains([UInt8])
        case containsEach([[UInt8]])
        case scan(ScanOptions)

        /// - Parameter members: Sorted, each once.
        func reply(_ members: [[UInt8]]) -> RESPReply {
            switch self {
            case .members: return .set(members.map { .bulk($0) })
            case .count: return .integer(members.count)
            case .contains(let member): return .integer(members.contains(member) ? 1 : 0)
            case .containsEach(let asked):
                let members = Set(members)
                return .array(asked.map { .integer(members.contains($0) ? 1 : 0) })
            case .scan(let options): return options.reply(members.filter(options.matches).map { .bulk($0) })
            }
        }
    }
}
