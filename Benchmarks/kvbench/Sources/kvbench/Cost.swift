import Nodes

/// What processes have cost since they were started.
struct Cost {
    private(set) var cpuSeconds = 0.0
    /// Nil if it isn't counted.
    private(set) var disk: (syncs: Int, bytes: Int)?

    /// Nothing yet.
    init() {}

    init(of processes: [ServerProcess]) {
        cpuSeconds = processes.cpuSeconds
        disk = processes.diskCounts
    }

    static func - (after: Cost, before: Cost) -> Cost {
        var cost = Cost()
        cost.cpuSeconds = after.cpuSeconds - before.cpuSeconds
        cost.disk = before.disk.flatMap { before in
            after.disk.map { (syncs: $0.syncs - before.syncs, bytes: $0.bytes - before.bytes) }
        }
        return cost
    }
}
