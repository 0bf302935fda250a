import ClusterCore

/// Commands on strings, as Redis has them; by the policy of the bucket for what is concurrent.
enum StringCommands {
    static func plan(
        _ command: RESPCommand, _ parser: RESPParser
    ) throws(RESPCommandError) -> RESPPlan {
        switch command {
        case .get: return .read([parser.bytes(1)], .value)
        case .strlen: return .read([parser.bytes(1)], .length)
        case .mget: return .read(keys(parser), .values)
        case .exists: return .read(keys(parser), .count)
        case .type: return .read([parser.bytes(1)], .type)
        case .getdel: return .write([delete(parser.bytes(1))], .previous)
        case .getex: return try getex(parser)
        case .del, .unlink: return .write(unique(keys(parser)).map(delete), .count)
        case .append:
            return .write(
                [StringWrite(key: parser.bytes(1), change: .append(parser.bytes(2)), expiry: nil)], .length)
        case .getset:
            return .write([StringWrite(key: parser.bytes(1), change: .set(parser.bytes(2)))], .previous)
        case .setnx:
            return .write(
                [StringWrite(key: parser.bytes(1), change: .set(parser.bytes(2)), condition: .ifAbsent)],
                .count)
        case .setex: return try setex(command, parser, unitMillis: 1_000)
        case .psetex: return try setex(command, parser, unitMillis: 1)
        case .mset: return .write(try pairs(parser), .ok)
        case .set: return try set(parser)
        default: preconditionFailure("a command of another kind")
        }
    }

    private static func keys(_ parser: RESPParser) -> [[UInt8]] { (1..<parser.count).map(parser.bytes) }

    private static func delete(_ key: [UInt8]) -> StringWrite {
        StringWrite(key: key, change: .delete, condition: .ifPresent)
    }

    private static func unique(_ keys: [[UInt8]]) -> [[UInt8]] {
        var seen = Set<[UInt8]>()
        return keys.filter { seen.insert($0).inserted }
    }

    /// Of a key that comes twice, the last value counts.
    private static func pairs(_ parser: RESPParser) throws(RESPCommandError) -> [StringWrite] {
        guard parser.count % 2 == 1 else { throw .wrongCount("mset") }
        var places: [[UInt8]: Int] = [:]
        var writes: [StringWrite] = []
        for index in stride(from: 1, to: parser.count, by: 2) {
            let write = StringWrite(key: parser.bytes(index), change: .set(parser.bytes(index + 1)))
            if let place = places[write.key] {
                writes[place] = write
            } else {
                places[write.key] = writes.count
                writes.append(write)
            }
        }
        return writes
    }

    private static func setex(
        _ command: RESPCommand, _ parser: RESPParser, unitMillis: Int
    ) throws(RESPCommandError) -> RESPPlan {
        let time = RESPTime(isAbsolute: false, unitMillis: unitMillis)
        let expiry = try time.expiry(parser.argument(2), of: command)
        return .write(
            [StringWrite(key: parser.bytes(1), change: .set(parser.bytes(3)), expiry: expiry)], .ok)
    }

    private static func set(_ parser: RESPParser) throws(RESPCommandError) -> RESPPlan {
        var write = StringWrite(key: parser.bytes(1), change: .set(parser.bytes(2)))
        var returnsPrevious = false
        var end = EndOption(other: "keepttl")
        var index = 3
        while index < parser.count {
            switch parser.lowercased(index) {
            case "nx" where write.condition != .ifPresent: write.condition = .ifAbsent
            case "xx" where write.condition != .ifAbsent: write.condition = .ifPresent
            case "get": returnsPrevious = true
            case let word: try end.take(word, &index, parser)
            }
            index += 1
        }
        switch try end.expiry(parser, of: .set) {
        case .none: break
        case .other: write.expiry = nil
        case .at(let expiry): write.expiry = expiry
        }
        return .write([write], returnsPrevious ? .previous : .okOrNull)
    }

    /// It reads only, unless it has an option.
    private static func getex(_ parser: RESPParser) throws(RESPCommandError) -> RESPPlan {
        var end = EndOption(other: "persist")
        var index = 2
        while index < parser.count {
            try end.take(parser.lowercased(index), &index, parser)
            index += 1
        }
        let expiry: Expiry
        switch try end.expiry(parser, of: .getex) {
        case .none: return .read([parser.bytes(1)], .value)
        case .other: expiry = .never
        case .at(let time): expiry = time
        }
        return .write(
            [StringWrite(key: parser.bytes(1), change: .keep, expiry: expiry, condition: .ifPresent)],
            .previous)
    }
}

/// The option of a command that says when the value expires; there is one at most.
private struct EndOption {
    enum Outcome {
        case none
        /// The one without a time.
        case other
        case at(Expiry)
    }

    /// A word that is followed by no time.
    let other: String
    private var word: String?
    /// Where the time is.
    private var place = 0

    init(other: String) { self.other = other }

    /// - Parameter index: Of the word; then that of the last argument which belongs to it.
    mutating func take(
        _ word: String, _ index: inout Int, _ parser: RESPParser
    ) throws(RESPCommandError) {
        let isTime = RESPTime(option: word) != nil && index + 1 < parser.count
        guard isTime || word == other, self.word == nil || self.word == word else { throw .syntax }
        self.word = word
        if isTime {
            index += 1
            place = index
        }
    }

    func expiry(_ parser: RESPParser, of command: RESPCommand) throws(RESPCommandError) -> Outcome {
        guard let word else { return .none }
        guard let time = RESPTime(option: word) else { return .other }
        return .at(try time.expiry(parser.argument(place), of: command))
    }
}
