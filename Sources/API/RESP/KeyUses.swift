/// Which keys the commands under way of one connection use. A command begins when no earlier one can change what it sees, or
/// see what it changes, so that the connection's commands seem to be done in their order.
struct KeyUses {
    /// How many read the key, or -1 if one changes it.
    private var uses: [[UInt8]: Int] = [:]

    func allow(_ keys: (read: [[UInt8]], written: [[UInt8]])) -> Bool {
        if uses.isEmpty { return true }
        return keys.read.allSatisfy { uses[$0, default: 0] >= 0 }
            && keys.written.allSatisfy { uses[$0] == nil }
    }

    /// - Parameter keys: They are allowed.
    mutating func begin(_ keys: (read: [[UInt8]], written: [[UInt8]])) {
        for key in keys.read { uses[key, default: 0] += 1 }
        for key in keys.written { uses[key] = -1 }
    }

    mutating func end(_ keys: (read: [[UInt8]], written: [[UInt8]])) {
        for key in keys.read { uses[key] = uses[key] == 1 ? nil : uses[key]! - 1 }
        for key in keys.written { uses[key] = nil }
    }
}
