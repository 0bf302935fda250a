import ClusterCore

extension RESPPlan.ReadFormat {
    func reply(_ readings: [Reading], _ wallMillis: () -> UInt64) -> RESPReply {
        switch self {
        case .value, .length, .siblings:
            if let kind = readings[0].kind, kind != .string { return .wrongType }
        case .set:
            if let kind = readings[0].kind, kind != .set { return .wrongType }
        case .map:
            if let kind = readings[0].kind, kind != .map { return .wrongType }
        // Of several keys, one that holds something else has no value.
        case .values, .count, .type, .expiry: break
        }
        return switch self {
        case .value: readings[0].latest.map { .bulk($0.bytes) } ?? .null
        case .values:
            .array(readings.map { $0.kind == .string ? $0.latest.map { .bulk($0.bytes) } ?? .null : .null })
        case .count: .integer(readings.count { !$0.siblings.isEmpty })
        case .length: .integer(readings[0].latest?.bytes.count ?? 0)
        case .type: .simple(readings[0].kind?.redisName ?? "none")
        case .expiry(let isFromNow, let unitMillis):
            Self.expiry(of: readings[0].latest, from: isFromNow ? wallMillis() : 0, unitMillis)
        case .set(let question): question.reply(readings[0].siblings.compactMap(\.content.member))
        case .map(let question): question.reply(readings[0].fields)
        case .siblings:
            .array([
                .bulk(readings[0].context),
                .array(readings[0].siblings.map { .bulk($0.bytes) }),
            ])
        }
    }

    /// Seconds are rounded, as Redis does.
    private static func expiry(of sibling: Sibling?, from start: UInt64, _ unitMillis: Int) -> RESPReply {
        guard let sibling else { return .integer(-2) }
        guard sibling.expiresAt != 0 else { return .integer(-1) }
        let milliseconds = sibling.expiresAt - min(start, sibling.expiresAt)
        let unit = UInt64(unitMillis)
        return .integer(Int(clamping: milliseconds / unit + (milliseconds % unit + unit / 2) / unit))
    }
}

extension RESPPlan.ChangeFormat {
    func reply(_ outcome: DataOutcome) -> RESPReply {
        switch (self, outcome) {
        case (.ok, _): .ok
        case (.integer, .number(let number)), (.fieldInteger, .number(let number)):
            number.integer.map { .integer($0) } ?? .bulk(number.text)
        case (_, .number(let number)): .bulk(number.text)
        case (_, .count(let count)): .integer(count)
        }
    }

    /// What of the key's contents prevents a command is told in Redis's words.
    func error(_ error: RequestError, isRetryable: Bool) -> RESPReply {
        switch (error.code, self) {
        case (.wrongType, _): .wrongType
        case (.notANumber, .decimal): RESPCommandError.notAFloat.reply
        case (.notANumber, .fieldInteger): .error("hash value is not an integer")
        case (.notANumber, .fieldDecimal): .error("hash value is not a float")
        case (.notANumber, _): RESPCommandError.notAnInteger.reply
        case (.outOfRange, .decimal), (.outOfRange, .fieldDecimal):
            .error("increment would produce NaN or Infinity")
        case (.outOfRange, _): .error("increment or decrement would overflow")
        default: .error("\(error.code.reason): \(error.message)", code: isRetryable ? error.retryCode : "ERR")
        }
    }
}

extension RequestError {
    /// The word that tells a client that nothing was done. `TRYAGAIN` has clients of clusters repeat it by themselves, which
    /// a node with too much to do could not use.
    var retryCode: String { code == .overloaded ? "OVERLOADED" : "TRYAGAIN" }
}

extension RESPReply {
    static let wrongType = RESPReply.error(
        "Operation against a key holding the wrong kind of value", code: "WRONGTYPE")
}

extension Reading {
    /// Of a map.
    fileprivate var fields: [DataField] {
        siblings.compactMap { sibling in
            guard case .part(.field(let name, let value)) = sibling.content else { return nil }
            return DataField(name, value)
        }
    }
}

extension DataKind {
    var redisName: String {
        switch self {
        case .string: "string"
        case .set: "set"
        case .map: "hash"
        }
    }
}
