/// Which keys the commands under way of one connection use. A command begins when no earlier one can change what it sees, or
/// see what it changes, so that the connection's commands seem to be done in their order.
struct KeyUses {
    enum Use {
        /// It does not matter what happens meanwhile.
        case nothing
        case keys(read: [[UInt8]] = [], written: [[UInt8]] = [])
        case everything
    }

    /// How many read the key, or -1 if one changes it.
    private var uses: [[UInt8]: Int] = [:]
    private var isAllUsed = false

    func allow(_ use: Use) -> Bool {
        switch use {
        case .nothing: true
        case .everything: uses.isEmpty && !isAllUsed
        case .keys(let read, let written):
            !isAllUsed
                && (uses.isEmpty
                    || read.allSatisfy { uses[$0, default: 0] >= 0 }
                        && written.allSatisfy { uses[$0] == nil })
        }
    }

    /// - Parameter use: It is allowed.
    mutating func begin(_ use: Use) {
        switch use {
        case .nothing: break
        case .everything: isAllUsed = true
        case .keys(let read, let written):
            for key in read { uses[key, default: 0] += 1 }
            for key in written { uses[key] = -1 }
        }
    }

    mutating func end(_ use: Use) {
        switch use {
        case .nothing: break
        case .everything: isAllUsed = false
        case .keys(let read, let written):
            for key in read { uses[key] = uses[key] == 1 ? nil : uses[key]! - 1 }
            for key in written { uses[key] = nil }
        }
    }
}
