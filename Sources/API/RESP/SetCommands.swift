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
        case .sscan: return .read([key], .set(.scan(try ScanOptions(parser, from: 2))))
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

/// The arguments of `SSCAN` and `HSCAN`. All that there is comes with one reply, whose cursor says so, as it does in Redis
/// for small ones: what a key holds is read whole.
struct ScanOptions {
    private var pattern: GlobPattern?

    /// - Parameter index: Of the cursor.
    init(_ parser: RESPParser, from index: Int) throws(RESPCommandError) {
        // Any number will do, a negative one as well: that is how Redis reads them.
        let cursor = parser.argument(index)
        let digits = cursor.first == UInt8(ascii: "-") ? cursor.dropFirst() : cursor
        guard UInt64(String(decoding: digits, as: UTF8.self)) != nil else { throw .other("invalid cursor") }
        var option = index + 1
        while option < parser.count {
            guard option + 1 < parser.count else { throw .syntax }
            switch parser.lowercased(option) {
            case "match": pattern = GlobPattern(parser.bytes(option + 1))
            // How many to bring at a time is a wish.
            case "count": guard try parser.integer(option + 1) > 0 else { throw .syntax }
            default: throw .syntax
            }
            option += 2
        }
    }

    func matches(_ name: [UInt8]) -> Bool { pattern?.matches(name) ?? true }

    func reply(_ elements: [RESPReply]) -> RESPReply { .array([.bulk("0"), .array(elements)]) }
}
