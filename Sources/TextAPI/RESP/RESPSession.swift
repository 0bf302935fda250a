import Access
import ClusterCore
import NIOCore

/// What a connection has been told of itself, and what its commands come to.
struct RESPSession {
    let id: Int
    private(set) var bucket: String
    private(set) var version = RESPWriter.Version.two
    /// Who sends its commands.
    var caller: Caller
    private var name: [UInt8] = []
    private let firstBucket: String
    private let wallMillis: @Sendable () -> UInt64

    /// - Parameters:
    ///   - id: The connection's number, as `CLIENT ID` tells it.
    ///   - bucket: Until `KV.BUCKET` names another.
    ///   - wallMillis: Milliseconds since 1970.
    ///   - caller: Nobody, until `AUTH` or `HELLO` says who.
    init(id: Int, bucket: String, wallMillis: @escaping @Sendable () -> UInt64, caller: Caller) {
        self.id = id
        self.caller = caller
        self.wallMillis = wallMillis
        self.bucket = bucket
        firstBucket = bucket
    }

    /// What the command that the parser has found comes to.
    mutating func plan(_ parser: RESPParser) -> RESPPlan {
        guard let command = RESPCommand(name: parser.argument(0)) else { return .reply(Self.unknown(parser)) }
        let description = command.description
        guard description.arity.contains(parser.count) else {
            return .reply(Self.wrongCount(command.rawValue))
        }
        do throws(RESPCommandError) {
            try check(command, description, parser)
            switch command {
            case .ping, .echo, .quit, .reset, .select, .hello, .auth, .client, .kvBucket:
                return try connectionPlan(command, parser)
            case .command, .config, .info: return .reply(try ServerCommands.reply(command, parser))
            case .get, .set, .setnx, .setex, .psetex, .getset, .getdel, .getex, .mget, .mset, .strlen,
                .append,
                .exists, .del, .unlink, .type:
                return try StringCommands.plan(command, parser)
            case .incr, .decr, .incrby, .decrby, .incrbyfloat:
                return try CounterCommands.plan(command, parser)
            case .sadd, .srem, .smembers, .sismember, .smismember, .scard, .sscan:
                return try SetCommands.plan(command, parser)
            case .hset, .hmset, .hsetnx, .hget, .hdel, .hgetall, .hmget, .hlen, .hexists, .hkeys, .hvals,
                .hstrlen,
                .hincrby, .hincrbyfloat, .hscan:
                return try MapCommands.plan(command, parser)
            case .expire, .pexpire, .expireat, .pexpireat, .ttl, .pttl, .expiretime, .pexpiretime, .persist:
                return try ExpiryCommands(now: wallMillis()).plan(command, parser)
            case .scan, .keys, .randomkey, .flushdb, .dbsize, .wait:
                return try KeyspaceCommands.plan(command, parser)
            case .cluster: return try ClusterCommands.plan(parser)
            // Any node serves any key, to be read and to be written.
            case .readonly, .readwrite: return .reply(.ok)
            case .kvGet, .kvPut, .kvDel: return SiblingCommands.plan(command, parser, bucket: bucket)
            }
        } catch {
            return .reply(error.reply)
        }
    }

    // MARK: The connection's own commands

    private mutating func connectionPlan(
        _ command: RESPCommand, _ parser: RESPParser
    ) throws(RESPCommandError) -> RESPPlan {
        switch command {
        case .ping:
            guard parser.count <= 2 else { throw .wrongCount("ping") }
            return .reply(parser.count == 1 ? .simple("PONG") : .bulk(parser.bytes(1)))
        case .echo: return .reply(.bulk(parser.bytes(1)))
        case .quit: return .end(.ok)
        case .select:
            guard let index = RESPNumber.parse(parser.argument(1)) else { throw .notAnInteger }
            guard index == 0 else { throw .other("DB index is out of range") }
            return .reply(.ok)
        case .reset:
            bucket = firstBucket
            name = []
            version = .two
            caller.logOut()
            return .speak(.two, .simple("RESET"))
        case .kvBucket:
            guard let text = String(validating: parser.argument(1), as: UTF8.self),
                KeyLimits.accepts(bucket: text)
            else { throw .other("a bucket's name is text of 1 to \(KeyLimits.maxBucketSize) bytes") }
            bucket = text
            return .reply(.ok)
        case .hello: return try hello(parser)
        case .auth: return try authenticate(parser)
        case .client: return try client(parser)
        default: preconditionFailure("a command of another kind")
        }
    }

    private mutating func client(_ parser: RESPParser) throws(RESPCommandError) -> RESPPlan {
        switch (parser.lowercased(1), parser.count) {
        case ("id", 2): return .reply(.integer(id))
        case ("getname", 2): return .reply(name.isEmpty ? .null : .bulk(name))
        case ("setname", 3):
            name = try Self.clientName(parser, 2)
            return .reply(.ok)
        // Which library the client is: nobody asks.
        case ("setinfo", 4): return .reply(.ok)
        case ("id", _), ("getname", _), ("setname", _), ("setinfo", _):
            throw .wrongCount("client|\(parser.lowercased(1))")
        default:
            throw .other(
                "unknown subcommand '\(parser.text(1))'. Try CLIENT ID, GETNAME, SETNAME or SETINFO.")
        }
    }

    static func clientName(_ parser: RESPParser, _ index: Int) throws(RESPCommandError) -> [UInt8] {
        let name = parser.bytes(index)
        guard name.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .other("Client names cannot contain spaces, newlines or special characters.")
        }
        return name
    }

    /// What a greeting has changed.
    mutating func take(_ greeting: RESPGreeting) {
        version = greeting.version ?? version
        name = greeting.name ?? name
    }

    // MARK: What is no command

    private static func wrongCount(_ name: String) -> RESPReply { RESPCommandError.wrongCount(name).reply }

    private static func unknown(_ parser: RESPParser) -> RESPReply {
        if let reason = RefusedCommand.reason(parser.lowercased(0)) {
            return .error("'\(parser.lowercased(0))' is not served: \(reason)")
        }
        var shown = ""
        for index in 1..<parser.count where shown.utf8.count < maxShownBytes {
            shown += "'\(parser.text(index, limit: maxShownBytes - shown.utf8.count))' "
        }
        return .error(
            "unknown command '\(parser.text(0, limit: maxShownBytes))', with args beginning with: \(shown)")
    }

    /// Of a command that is not known, in the error.
    private static let maxShownBytes = 128
}

/// Why a command is not carried out, in Redis's words where it has some.
enum RESPCommandError: Error {
    case wrongCount(String)
    case notAnInteger
    case notAFloat
    case syntax
    case other(String)
    case coded(String, String)

    var reply: RESPReply {
        switch self {
        case .wrongCount(let name): .error("wrong number of arguments for '\(name)' command")
        case .notAnInteger: .error("value is not an integer or out of range")
        case .notAFloat: .error("value is not a valid float")
        case .syntax: .error("syntax error")
        case .other(let message): .error(message)
        case .coded(let code, let message): .error(message, code: code)
        }
    }
}

extension RESPParser {
    /// A copy of an argument.
    func bytes(_ index: Int) -> [UInt8] { Array(argument(index)) }

    /// An argument for people to read.
    func text(_ index: Int, limit: Int = 128) -> String {
        String(decoding: argument(index).prefix(limit), as: UTF8.self)
    }

    /// An argument that is a word of the protocol.
    func lowercased(_ index: Int) -> String {
        String(decoding: argument(index).prefix(64).lazy.map(RESPCommand.lowercased), as: UTF8.self)
    }
}
