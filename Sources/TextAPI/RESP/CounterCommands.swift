import ClusterCore

/// Commands that count, as Redis has them.
enum CounterCommands {
    static func plan(
        _ command: RESPCommand, _ parser: RESPParser
    ) throws(RESPCommandError) -> RESPPlan {
        let key = parser.bytes(1)
        switch command {
        case .incr: return .change(key, .add(.integer, Amount(1)), .integer)
        case .decr: return .change(key, .add(.integer, Amount(-1)), .integer)
        case .incrby: return .change(key, .add(.integer, Amount(try parser.integer(2))), .integer)
        case .decrby:
            let number = try parser.integer(2)
            guard number != .min else { throw .other("decrement would overflow") }
            return .change(key, .add(.integer, Amount(-number)), .integer)
        case .incrbyfloat: return .change(key, .add(.decimal, try parser.decimal(2)), .decimal)
        default: preconditionFailure("a command of another kind")
        }
    }
}

extension RESPParser {
    func integer(_ index: Int) throws(RESPCommandError) -> Int {
        guard let number = RESPNumber.parse(argument(index)) else { throw .notAnInteger }
        return number
    }

    func decimal(_ index: Int) throws(RESPCommandError) -> Amount {
        guard let number = Amount(decimal: argument(index)) else { throw .notAFloat }
        return number
    }

    /// All arguments from the one at `index` on.
    func rest(from index: Int) -> [[UInt8]] { (index..<count).map(bytes) }
}
