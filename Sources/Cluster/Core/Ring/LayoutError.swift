/// Why a layout can't be made of the members and parameters given.
public enum LayoutError: Error, Equatable, Sendable, CustomStringConvertible {
    case noMembers
    case emptyName
    case duplicateName(String)
    /// Two names with the same `NodeID`: one in 2^64, but then data would go to the wrong node.
    case sameID(String, String)
    case badWeight(name: String, weight: Double)
    case badPartitionCount(Int)
    case badReplicationFactor(Int)

    public var description: String {
        switch self {
        case .noMembers: "a cluster needs at least one member"
        case .emptyName: "a member has an empty name"
        case .duplicateName(let name): "two members are called '\(name)'"
        case .sameID(let a, let b): "the names '\(a)' and '\(b)' hash to the same node id; rename one"
        case .badWeight(let name, let weight):
            "the weight of member '\(name)' is \(weight), but must be from \(Layout.weights.lowerBound)"
                + " to \(Layout.weights.upperBound)"
        case .badPartitionCount(let count):
            "the partition count is \(count), but must be a power of two from 1 to \(Layout.maxPartitionCount)"
        case .badReplicationFactor(let factor):
            "the replication factor is \(factor), but must be from 1 to \(Layout.maxReplicationFactor)"
        }
    }
}
