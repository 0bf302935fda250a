import Foundation
import Load
import Nodes
import Results

/// A cluster that is measured, as far as it matters who has started it.
protocol Subject {
    /// Where clients connect to.
    var servers: [Server] { get }
    /// The cluster, if something can be done to it.
    var cluster: KVNodeCluster? { get }
    /// What its nodes have used, and what they take now; nil where that can't be known.
    var usage: Usage? { get }
    var memoryBytes: Int? { get }
    var diskBytesUsed: Int? { get }

    func start() throws
    func setProperties(bucket: String, keepsSiblings: Bool) throws
    /// Ends what was started, and removes its files.
    func remove() throws
}

/// What processes have used since they were started.
struct Usage {
    /// User and system time.
    var cpuSeconds: Double
    /// Calls that waited for a disk, and bytes that were written to files; nil if they aren't counted.
    var syncs: Int?
    var bytesWritten: Int?

    init(_ processes: [ServerProcess]) {
        let counts = processes.diskCounts
        (cpuSeconds, syncs, bytesWritten) = (processes.cpuSeconds, counts?.syncs, counts?.bytes)
    }

    /// With what others have used.
    static func + (one: Usage, other: Usage) -> Usage { one.combined(other, +, +) }

    /// Since an earlier time.
    static func - (one: Usage, other: Usage) -> Usage { one.combined(other, -, -) }

    private func combined(
        _ other: Usage, _ times: (Double, Double) -> Double, _ counts: (Int, Int) -> Int
    ) -> Usage {
        func each(_ one: Int?, _ two: Int?) -> Int? { one.flatMap { one in two.map { counts(one, $0) } } }
        var result = self
        result.cpuSeconds = times(cpuSeconds, other.cpuSeconds)
        result.syncs = each(syncs, other.syncs)
        result.bytesWritten = each(bytesWritten, other.bytesWritten)
        return result
    }
}

/// Nodes that kvbench has started.
struct StartedCluster: Subject {
    private let nodes: KVNodeCluster
    private let driver: DriverName

    /// - Parameter settings: Variables of the nodes' environment.
    init(
        engine: String, durability: String, binary: String, settings: [String: String] = [:],
        _ load: LoadOptions,
        folder: URL
    ) throws {
        var options = KVNodeCluster.Options(
            engine: engine, durability: durability, binary: binary)
        (options.nodes, options.n, options.r, options.w) = (
            load.nodeCount.first, load.n, load.r, load.w
        )
        options.diskCounter = load.bench.diskCounter
        options.environment = settings
        nodes = try KVNodeCluster(options, directory: folder)
        driver = load.driver
    }

    var cluster: KVNodeCluster? { nodes }
    var servers: [Server] { nodes.servers(driver) }
    var usage: Usage? { Usage(nodes.processes) }
    var memoryBytes: Int? { nodes.processes.memoryBytes }
    var diskBytesUsed: Int? { nodes.processes.diskBytesUsed }

    func start() throws { try nodes.start() }

    func setProperties(bucket: String, keepsSiblings: Bool) throws {
        try nodes.setProperties(bucket: bucket, keepsSiblings: keepsSiblings)
    }

    func remove() throws { try nodes.remove() }
}

/// Nodes that were there before, and stay: what they take of their machines isn't known.
struct RunningCluster: Subject {
    let servers: [Server]
    /// Whose HTTP sets up buckets.
    private let http: Server
    private let quorums: (n: Int, r: Int, w: Int)

    init(_ endpoints: Endpoints, http: Server, _ load: LoadOptions) {
        servers = endpoints.servers
        self.http = http
        quorums = (load.n, load.r, load.w)
    }

    var cluster: KVNodeCluster? { nil }
    var usage: Usage? { nil }
    var memoryBytes: Int? { nil }
    var diskBytesUsed: Int? { nil }

    /// Asks whether it serves.
    func start() throws {
        let reply = try Probe.http("GET", "/readyz", host: http.host, port: http.port)
        guard reply.status == 200 else {
            throw Probe.Failure(description: "\(http) does not serve: \(reply.body)")
        }
    }

    func setProperties(bucket: String, keepsSiblings: Bool) throws {
        try Bucket(name: bucket, n: quorums.n, r: quorums.r, w: quorums.w, keepsSiblings: keepsSiblings)
            .set(host: http.host, port: http.port)
    }

    func remove() {}
}
