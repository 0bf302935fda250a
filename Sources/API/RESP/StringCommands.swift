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
        case .getdel: return .write([StringWrite(key: parser.bytes(1))], .previous)
        case .del, .unlink: return .write(unique(keys(parser)).map { StringWrite(key: $0) }, .count)
        case .getset:
            return .write([StringWrite(key: parser.bytes(1), value: parser.bytes(2))], .previous)
        case .setnx:
            return .write(
                [StringWrite(key: parser.bytes(1), value: parser.bytes(2), condition: .ifAbsent)], .count)
        case .setex:
            let ttl = try seconds(parser, 2, of: "setex")
            return .write(
                [StringWrite(key: parser.bytes(1), value: parser.bytes(3), ttlSeconds: ttl)], .ok)
        case .mset: return .write(try pairs(parser), .ok)
        case .set: return try set(parser)
        default: preconditionFailure("a command of another kind")
        }
    }

    private static func keys(_ parser: RESPParser) -> [[UInt8]] { (1..<parser.count).map(parser.bytes) }

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
            let write = StringWrite(key: parser.bytes(index), value: parser.bytes(index + 1))
            if let place = places[write.key] {
                writes[place] = write
            } else {
                places[write.key] = writes.count
                writes.append(write)
            }
        }
        return writes
    }

    private static func set(_ parser: RESPParser) throws(RESPCommandError) -> RESPPlan {
        var write = StringWrite(key: parser.bytes(1), value: parser.bytes(2))
        var returnsPrevious = false
        var secondsIndex: Int?
        var index = 3
        while index < parser.count {
            switch parser.lowercased(index) {
            case "nx" where write.condition != .ifPresent: write.condition = .ifAbsent
            case "xx" where write.condition != .ifAbsent: write.condition = .ifPresent
            case "get": returnsPrevious = true
            case "ex" where index + 1 < parser.count:
                index += 1
                secondsIndex = index
            case "px", "exat", "pxat", "keepttl":
                throw .other("the option \(parser.text(index)) of SET is not served yet")
            default: throw .syntax
            }
            index += 1
        }
        if let secondsIndex { write.ttlSeconds = try seconds(parser, secondsIndex, of: "set") }
        return .write([write], returnsPrevious ? .previous : .okOrNull)
    }

    private static func seconds(
        _ parser: RESPParser, _ index: Int, of command: String
    ) throws(RESPCommandError) -> Int {
        guard let seconds = RESPNumber.parse(parser.argument(index)) else { throw .notAnInteger }
        guard 1...BucketProperties.maximumTTLSeconds ~= seconds else {
            throw .other("invalid expire time in '\(command)' command")
        }
        return seconds
    }
}

/// Commands for clients that resolve siblings themselves.
enum SiblingCommands {
    static func plan(_ command: RESPCommand, _ parser: RESPParser, bucket: String) -> RESPPlan {
        switch command {
        case .kvGet: .read([parser.bytes(1)], .siblings)
        case .kvPut:
            .put(put(parser, bucket, .value(parser.bytes(3), contentType: "")))
        case .kvDel: .put(put(parser, bucket, .tombstone))
        default: preconditionFailure("a command of another kind")
        }
    }

    private static func put(_ parser: RESPParser, _ bucket: String, _ content: Sibling.Content) -> PutRequest
    {
        PutRequest(bucket: bucket, key: parser.bytes(1), content: content, context: parser.bytes(2))
    }
}
