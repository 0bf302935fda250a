@testable import ClusterCore

extension FuzzTarget {
    /// The history of the cluster's layouts, from a disk or from another node.
    static let layout = FuzzTarget("layout", heap: HeapAllowance(perByte: 96, base: 256 << 10)) { bytes in
        var input = Input(bytes)
        guard let one = try LayoutTarget.decode(input.block()) else { return false }
        try LayoutTarget.use(one)
        guard let other = try LayoutTarget.decode(input.all()), one.current.divides(as: other.current) else {
            return false
        }
        var (there, back) = (one, other)
        there.merge(other)
        back.merge(one)
        for merged in [there, back] {
            try LayoutTarget.use(merged)
            _ = try LayoutHistory.decode(merged.encoded())
            var again = merged
            try claim(
                !again.merge(one) && !again.merge(other), "a history has news for what it was merged of")
        }
        return true
    }
}

private enum LayoutTarget {
    static func decode(_ bytes: [UInt8]) throws -> LayoutHistory? {
        guard let history = try? LayoutHistory.decode(bytes) else { return nil }
        try claim(history.encoded() == bytes, "a history that was read is written otherwise")
        return history
    }

    /// As the member that it names first would.
    static func use(_ history: LayoutHistory) throws {
        guard let node = history.current.members.first?.id else {
            throw FuzzFailure(description: "a layout without members")
        }
        var merged = history
        try claim(!merged.merge(history), "a history has news for itself")
        let view = history.view(for: node)
        for partition in Set([0, history.current.partitionCount - 1]) {
            let replicas = view.replicas(ofPartition: partition, n: 3)
            try claim(
                Set(replicas.primary).count == replicas.primary.count,
                "a replica of a partition is there twice")
        }
        _ = history.duties(of: node)
        _ = Settlement(node, .doubtful).verdict(for: history)
    }
}
