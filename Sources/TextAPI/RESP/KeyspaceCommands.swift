import Access
import ClusterCore

/// Commands on all keys of the connection's bucket.
enum KeyspaceCommands {
    enum Task {
        /// The keys from this partition on, and where to go on.
        case scan(from: Int, count: Int, GlobPattern?, kind: String?)
        case keys(GlobPattern)
        case count
        case random
        case flush
        /// How many replicas besides its coordinator have each write that was acknowledged.
        case confirmations

        /// Nil for what the audit log does not have.
        var operation: Operation? {
            switch self {
            case .flush: .flushBucket
            case .scan, .keys, .count, .random, .confirmations: nil
            }
        }
    }

    static func plan(
        _ command: RESPCommand, _ parser: RESPParser
    ) throws(RESPCommandError) -> RESPPlan {
        switch command {
        case .scan: return .keyspace(try scan(parser))
        case .keys: return .keyspace(.keys(GlobPattern(parser.bytes(1))))
        case .dbsize: return .keyspace(.count)
        case .randomkey: return .keyspace(.random)
        case .flushdb:
            // Either way it is answered when it is done.
            let isMode = parser.count == 2 && ["async", "sync"].contains(parser.lowercased(1))
            guard parser.count == 1 || isMode else { throw .syntax }
            return .keyspace(.flush)
        case .wait:
            _ = try parser.integer(1)
            guard let timeout = RESPNumber.parse(parser.argument(2)) else {
                throw .other("timeout is not an integer or out of range")
            }
            guard timeout >= 0 else { throw .other("timeout is negative") }
            return .keyspace(.confirmations)
        default: preconditionFailure("a command of another kind")
        }
    }

    /// A cursor is the number of the partition to go on with: it means the same to every node, and costs none of them memory.
    private static func scan(_ parser: RESPParser) throws(RESPCommandError) -> Task {
        guard let cursor = ScanOptions.cursor(parser.argument(1)) else { throw .invalidCursor }
        var options = ScanOptions()
        try options.read(parser, from: 2, allowsKind: true)
        return .scan(
            from: Int(clamping: cursor), count: options.count ?? 10, options.pattern, kind: options.kind)
    }
}

extension RESPCommandError {
    static let invalidCursor = RESPCommandError.other("invalid cursor")
}
