/// Who comes first in each partition's list: every member leads its share of the partitions it holds, rounded up at
/// most.
///
/// If each replica led 1/R of its partition, every member would lead exactly its share; so whole numbers within the
/// share rounded up exist, and a member over it is always linked to one below by a chain of swaps. As in
/// `LayoutAssignment`, the shortest chain is taken. Order inside a partition moves no data.
struct LayoutPrimaries {
    private(set) var table: [Int32]
    private let replicaCount: Int
    /// The partitions that each member leads, and how many more it may.
    private var led: [[Int]]
    private var spare: [Int]

    /// - Parameter table: The members by index, `replicaCount` for each partition.
    init(table: [Int32], memberCount: Int, replicaCount: Int) {
        self.table = table
        self.replicaCount = replicaCount
        led = [[Int]](repeating: [], count: memberCount)
        var loads = [Int](repeating: 0, count: memberCount)
        for slot in table.indices {
            let member = Int(table[slot])
            loads[member] += 1
            if slot % replicaCount == 0 { led[member].append(slot / replicaCount) }
        }
        spare = zip(loads, led).map { ($0 + replicaCount - 1) / replicaCount - $1.count }
    }

    mutating func balance() {
        for member in spare.indices {
            while spare[member] < 0 { relieve(member) }
        }
    }

    /// Takes the lead of one partition from `start` and passes it along to a member that may lead more.
    private mutating func relieve(_ start: Int) {
        var partition = [Int](repeating: -1, count: led.count)
        var queue = [start]
        var next = 0
        while true {
            precondition(next < queue.count, "the shares can be met, so there is a chain")
            let leader = queue[next]
            next += 1
            for candidate in led[leader] {
                for slot in candidate * replicaCount + 1..<(candidate + 1) * replicaCount {
                    let member = Int(table[slot])
                    if member == start || partition[member] >= 0 { continue }
                    partition[member] = candidate
                    if spare[member] > 0 { return pass(partition, to: member, from: start) }
                    queue.append(member)
                }
            }
        }
    }

    /// Makes each member on the chain that ends at `last` the leader of the partition by which it was reached.
    private mutating func pass(_ partition: [Int], to last: Int, from start: Int) {
        var member = last
        while member != start {
            let first = partition[member] * replicaCount
            let leader = Int(table[first])
            let slot = table[first..<first + replicaCount].firstIndex(of: Int32(member))!
            table.swapAt(first, slot)
            led[leader].remove(at: led[leader].firstIndex(of: partition[member])!)
            led[member].append(partition[member])
            member = leader
        }
        spare[start] += 1
        spare[last] -= 1
    }
}
