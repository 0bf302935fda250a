import ClusterCore

/// Commands on maps, which Redis calls hashes, as it has them.
enum MapCommands {
    static func plan(
        _ command: RESPCommand, _ parser: RESPParser
    ) throws(RESPCommandError) -> RESPPlan {
        let key = parser.bytes(1)
        switch command {
        case .hset, .hmset:
            let fields = try fields(command, parser)
            return .change(key, .setFields(fields), command == .hset ? .count : .ok)
        case .hsetnx:
            return .change(key, .setFieldIfAbsent(DataField(parser.bytes(2), parser.bytes(3))), .count)
        case .hdel: return .change(key, .removeFields(parser.rest(from: 2)), .count)
        case .hincrby:
            let amount = Amount(try parser.integer(3))
            return .change(key, .addToField(parser.bytes(2), .integer, amount), .fieldInteger)
        case .hincrbyfloat:
            let amount = try parser.decimal(3)
            return .change(key, .addToField(parser.bytes(2), .decimal, amount), .fieldDecimal)
        case .hget: return .read([key], .map(.value(parser.bytes(2))))
        case .hmget: return .read([key], .map(.values(parser.rest(from: 2))))
        case .hgetall: return .read([key], .map(.all))
        case .hlen: return .read([key], .map(.count))
        case .hexists: return .read([key], .map(.contains(parser.bytes(2))))
        case .hkeys: return .read([key], .map(.names))
        case .hvals: return .read([key], .map(.allValues))
        case .hstrlen: return .read([key], .map(.length(parser.bytes(2))))
        case .hscan: return .read([key], .map(.scan(try ScanOptions(ofOne: parser))))
        default: preconditionFailure("a command of another kind")
        }
    }

    private static func fields(
        _ command: RESPCommand, _ parser: RESPParser
    ) throws(RESPCommandError) -> [DataField] {
        guard parser.count % 2 == 0 else { throw .wrongCount(command.rawValue) }
        return stride(from: 2, to: parser.count, by: 2).map {
            DataField(parser.bytes($0), parser.bytes($0 + 1))
        }
    }

    /// What of a map a reply tells.
    enum Question {
        case all
        case count
        case names
        case allValues
        case value([UInt8])
        case values([[UInt8]])
        case contains([UInt8])
        /// Of the field's value.
        case length([UInt8])
        case scan(ScanOptions)

        /// - Parameter fields: Sorted by name, each once.
        func reply(_ fields: [DataField]) -> RESPReply {
            switch self {
            case .all: return .map(fields.map { (.bulk($0.name), .bulk($0.value)) })
            case .count: return .integer(fields.count)
            case .names: return .array(fields.map { .bulk($0.name) })
            case .allValues: return .array(fields.map { .bulk($0.value) })
            case .value(let name):
                return fields.first { $0.name == name }.map { .bulk($0.value) } ?? .null
            case .values(let names):
                let values = Dictionary(fields.map { ($0.name, $0.value) }) { $1 }
                return .array(names.map { name in values[name].map { .bulk($0) } ?? .null })
            case .contains(let name): return .integer(fields.contains { $0.name == name } ? 1 : 0)
            case .length(let name):
                return .integer(fields.first { $0.name == name }?.value.count ?? 0)
            case .scan(let options):
                let found = fields.filter { options.matches($0.name) }
                return options.reply(found.flatMap { [.bulk($0.name), .bulk($0.value)] })
            }
        }
    }
}
