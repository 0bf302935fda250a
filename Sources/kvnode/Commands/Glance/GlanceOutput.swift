import Messages

/// A cluster at a glance, in JSON.
struct GlanceOutput: Encodable {
    struct Node: Encodable {
        var name, state, zone, engine: String
        var partitions: UInt32
        var partitionsToCopy: UInt32?
        var hints, hintsBytes: UInt64?
        var diskAvailableBytes, diskSizeBytes: UInt64?
        var requestsInFlight: UInt64?
        var requestsPerSecond: Double?
        var requestsFailed: UInt64?
        var p99Seconds: Double?

        init(_ node: Glance.Node) {
            name = node.name
            state = node.state
            zone = node.zone
            engine = node.engine
            partitions = node.partitions
            partitionsToCopy = node.own?.status.filling.partitionsLeft
            hints = node.own?.status.hints.count
            hintsBytes = node.own?.status.hints.bytes
            let disk = node.own?.load.flatMap { $0.hasDisk ? $0.disk : nil }
            diskAvailableBytes = disk?.availableBytes
            diskSizeBytes = disk?.sizeBytes
            requestsInFlight = node.own?.load?.requestsInFlight
            requestsPerSecond = node.rate?.perSecond
            requestsFailed = node.rate?.failed
            p99Seconds = node.rate?.p99?.seconds
        }

        enum CodingKeys: String, CodingKey {
            case name, state, zone, engine, partitions, hints
            case partitionsToCopy = "partitions_to_copy"
            case hintsBytes = "hints_bytes"
            case diskAvailableBytes = "disk_available_bytes"
            case diskSizeBytes = "disk_size_bytes"
            case requestsInFlight = "requests_in_flight"
            case requestsPerSecond = "requests_per_second"
            case requestsFailed = "requests_failed"
            case p99Seconds = "p99_seconds"
        }
    }

    var cluster: String
    var layoutVersion: UInt64
    var partitions, replication: UInt32
    var problems: [String]
    var requestsPerSecond, p99Seconds: Double?
    var nodes: [Node]

    init(_ glance: Glance) {
        cluster = glance.status.cluster
        layoutVersion = glance.status.layoutVersion
        partitions = glance.status.partitions
        replication = glance.status.replication
        problems = glance.problems
        requestsPerSecond = glance.rate?.perSecond
        p99Seconds = glance.rate?.p99?.seconds
        nodes = glance.nodes.map(Node.init)
    }

    enum CodingKeys: String, CodingKey {
        case cluster, partitions, replication, problems, nodes
        case layoutVersion = "layout_version"
        case requestsPerSecond = "requests_per_second"
        case p99Seconds = "p99_seconds"
    }
}
