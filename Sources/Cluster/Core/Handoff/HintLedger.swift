/// How many hints a node keeps for each target, and whether there is room for more.
///
/// A value: whoever stores and removes hints applies each change as it makes it, and at start feeds it every stored
/// record. It goes by the sizes of the stored rows, so it is exact.
public struct HintLedger: Equatable, Sendable {
    /// Bounds of what is kept.
    public struct Limits: Equatable, Sendable {
        /// Hints for one target.
        public var maxCountPerTarget: Int
        /// Bytes of keys and values stored for one target.
        public var maxBytesPerTarget: Int
        /// Bytes of keys and values stored for all targets.
        public var maxBytes: Int

        public init(
            maxCountPerTarget: Int = 1_000_000, maxBytesPerTarget: Int = 1 << 30, maxBytes: Int = 4 << 30
        ) {
            self.maxCountPerTarget = maxCountPerTarget
            self.maxBytesPerTarget = maxBytesPerTarget
            self.maxBytes = maxBytes
        }
    }

    /// A bound that is reached.
    public enum Limit: Equatable, Sendable {
        case countPerTarget
        case bytesPerTarget
        case bytes
    }

    /// What is kept for one target.
    public struct Account: Equatable, Sendable {
        public var count = 0
        public var bytes = 0
        /// No hint is older: milliseconds since 1970. Exact after each whole pass over the hints.
        public var oldestMillis = UInt64.max
    }

    /// What storing or removing hints of one record changes.
    public struct Change: Equatable, Sendable {
        public var target: NodeID
        public var count: Int
        public var bytes: Int
        /// When the oldest hint concerned came.
        public var createdMillis: UInt64

        public init(target: NodeID, count: Int, bytes: Int, createdMillis: UInt64) {
            self.target = target
            self.count = count
            self.bytes = bytes
            self.createdMillis = createdMillis
        }

        /// What takes it back.
        public var inverse: Change {
            Change(target: target, count: -count, bytes: -bytes, createdMillis: createdMillis)
        }
    }

    public let limits: Limits
    /// Bytes of keys and values stored for all targets.
    public private(set) var bytes = 0
    private var accounts: [NodeID: Account] = [:]

    public init(limits: Limits) { self.limits = limits }

    /// Nodes for which hints are kept, by ascending id.
    public var targets: [NodeID] { accounts.keys.sorted() }

    /// Hints for all targets.
    public var count: Int { accounts.values.reduce(0) { $0 + $1.count } }

    /// No hint is older, if there is any.
    public var oldestMillis: UInt64? { accounts.values.map(\.oldestMillis).min() }

    public subscript(target: NodeID) -> Account { accounts[target] ?? Account() }

    /// The bound that `change` would exceed; nil if there is room. What makes nothing larger always has room.
    public func limit(exceededBy change: Change) -> Limit? {
        let account = self[change.target]
        if change.count > 0, account.count + change.count > limits.maxCountPerTarget {
            return .countPerTarget
        }
        guard change.bytes > 0 else { return nil }
        if account.bytes + change.bytes > limits.maxBytesPerTarget { return .bytesPerTarget }
        return bytes + change.bytes > limits.maxBytes ? .bytes : nil
    }

    /// The bound that leaves no room for any hint more for `target`.
    public func limit(reachedFor target: NodeID) -> Limit? {
        limit(exceededBy: Change(target: target, count: 1, bytes: 1, createdMillis: 0))
    }

    public mutating func apply(_ change: Change) {
        var account = self[change.target]
        account.count += change.count
        account.bytes += change.bytes
        if change.count > 0 { account.oldestMillis = min(account.oldestMillis, change.createdMillis) }
        bytes += change.bytes
        accounts[change.target] = account.count == 0 ? nil : account
    }

    /// A pass over all hints for `target` found this time as that of the oldest that is left.
    public mutating func found(oldestMillis: UInt64, for target: NodeID) {
        accounts[target]?.oldestMillis = oldestMillis
    }
}

extension HintLedger.Limit {
    /// For an error message.
    public var inWords: String {
        switch self {
        case .countPerTarget: "the limit on hints for one node is reached"
        case .bytesPerTarget: "the limit on bytes of hints for one node is reached"
        case .bytes: "the limit on bytes of hints is reached"
        }
    }
}
