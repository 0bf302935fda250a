import ClusterCore

/// Commands on when a key's value expires, as Redis has them.
struct ExpiryCommands {
    /// Milliseconds since 1970.
    let now: UInt64

    func plan(_ command: RESPCommand, _ parser: RESPParser) throws(RESPCommandError) -> RESPPlan {
        let key = parser.bytes(1)
        switch command {
        case .ttl: return .read([key], .expiry(fromNow: true, unitMillis: 1_000))
        case .pttl: return .read([key], .expiry(fromNow: true, unitMillis: 1))
        case .expiretime: return .read([key], .expiry(fromNow: false, unitMillis: 1_000))
        case .pexpiretime: return .read([key], .expiry(fromNow: false, unitMillis: 1))
        case .persist:
            return .change(key, .expire(.never, .ifExpiring), .count)
        case .expire: return try expire(command, parser, RESPTime(isAbsolute: false, unitMillis: 1_000))
        case .pexpire: return try expire(command, parser, RESPTime(isAbsolute: false, unitMillis: 1))
        case .expireat: return try expire(command, parser, RESPTime(isAbsolute: true, unitMillis: 1_000))
        case .pexpireat: return try expire(command, parser, RESPTime(isAbsolute: true, unitMillis: 1))
        default: preconditionFailure("a command of another kind")
        }
    }

    /// A time that is past deletes the key.
    private func expire(
        _ command: RESPCommand, _ parser: RESPParser, _ time: RESPTime
    ) throws(RESPCommandError) -> RESPPlan {
        let options = try Self.options(parser)
        let milliseconds = try time.milliseconds(parser.argument(2), of: command)
        let (sum, isTooEarly) = milliseconds.addingReportingOverflow(time.isAbsolute ? 0 : Int(now))
        guard !isTooEarly else { throw .invalidExpireTime(command) }
        let end = UInt64(max(sum, 0))
        let isAhead = !time.isAbsolute && end > now
        let expiry: Expiry = isAhead ? .after(milliseconds: milliseconds) : .at(milliseconds: end)
        return .change(parser.bytes(1), .expire(expiry, options.condition(end)), .count)
    }

    private struct Options: OptionSet {
        let rawValue: Int

        static let nx = Options(rawValue: 1)
        static let xx = Options(rawValue: 2)
        static let gt = Options(rawValue: 4)
        static let lt = Options(rawValue: 8)

        /// - Parameter end: The time to be set.
        func condition(_ end: UInt64) -> ExpiryCondition {
            if contains(.nx) { return .ifLasting }
            // A value that never expires is not later than anything.
            if contains(.gt) { return .ifSooner(than: end) }
            if contains(.lt) { return contains(.xx) ? .ifExpiringLater(than: end) : .ifLater(than: end) }
            return contains(.xx) ? .ifExpiring : .always
        }
    }

    private static func options(_ parser: RESPParser) throws(RESPCommandError) -> Options {
        var options: Options = []
        for index in 3..<max(parser.count, 3) {
            switch parser.lowercased(index) {
            case "nx": options.insert(.nx)
            case "xx": options.insert(.xx)
            case "gt": options.insert(.gt)
            case "lt": options.insert(.lt)
            default: throw .other("Unsupported option \(parser.text(index))")
            }
        }
        if options.contains(.nx), options != .nx {
            throw .other("NX and XX, GT or LT options at the same time are not compatible")
        }
        if options.isSuperset(of: [.gt, .lt]) {
            throw .other("GT and LT options at the same time are not compatible")
        }
        return options
    }
}
