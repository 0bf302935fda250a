import Workloads

/// What is measured beside what: a line of the table of `kvbench peers`.
struct PeerRow: Sendable {
    enum System: Hashable, Sendable {
        case kvnode(engine: String, durability: String)
        case redis
        case etcd
    }

    var name: String
    var system: System
    /// Nil for Redis and etcd, which have one each.
    var driver: DriverName = .resp
    var workload: Workload
    var pipeline = 1
    /// Whether its reply tells of a second copy, at Redis.
    var isConfirmed = false
    /// All of the command's without.
    var connections: Int?
    var target: Target?

    /// What it is held against.
    struct Target {
        /// Another row's name.
        var reference: String
        /// The most that this row's figure may be, times the other's.
        var ratio: Double
        var figure = Figure.cpu

        init(_ reference: String, _ ratio: Double, _ figure: Figure = .cpu) {
            (self.reference, self.ratio, self.figure) = (reference, ratio, figure)
        }
    }

    enum Figure {
        /// CPU per operation.
        case cpu
        /// The median of the latency.
        case p50
    }
}

extension PeerRow {
    static let put = Workload(
        name: "put", summary: "Updates all over.", mix: Mix(update: 100), keys: .uniform)
    static let get = Workload(
        name: "get", summary: "Reads all over.", mix: Mix(read: 100), keys: .uniform)

    private static let redisPut = "Redis SET + WAIT 1"
    private static let redisPut1 = "Redis SET + WAIT 1, one connection"
    private static let redisGet = "Redis GET"
    private static let redisGet16 = "Redis GET, pipeline 16"
    private static let etcdPut = "etcd put"
    private static let etcdGet = "etcd get"

    /// All rows that these engines have, references first.
    static func all(engines: [String]) -> [PeerRow] {
        references + engines.flatMap(rows) + protocols(engine: engines[0]) + engines.flatMap(synced)
    }

    private static let references = [
        PeerRow(name: redisPut, system: .redis, workload: put, isConfirmed: true),
        PeerRow(
            name: redisPut1, system: .redis, workload: put, isConfirmed: true, connections: 1),
        PeerRow(name: redisGet, system: .redis, workload: get),
        PeerRow(name: "Redis SET, pipeline 16", system: .redis, workload: put, pipeline: 16),
        PeerRow(
            name: "Redis SET + WAIT 1, pipeline 16", system: .redis, workload: put, pipeline: 16,
            isConfirmed: true),
        PeerRow(name: redisGet16, system: .redis, workload: get, pipeline: 16),
        PeerRow(name: etcdPut, system: .etcd, workload: put),
        PeerRow(name: etcdGet, system: .etcd, workload: get),
    ]

    private static func rows(_ engine: String) -> [PeerRow] {
        let isMemory = engine == "memory"
        let system = System.kvnode(engine: engine, durability: "buffered")
        return [
            PeerRow(
                name: "\(engine) put", system: system, workload: put,
                target: Target(redisPut, isMemory ? 0.8 : 1.2)
            ),
            PeerRow(
                name: "\(engine) put, one connection", system: system, workload: put, connections: 1,
                target: Target(redisPut1, 1.5, .p50)),
            PeerRow(
                name: "\(engine) put, pipeline 16", system: system, workload: put, pipeline: 16,
                target: Target(redisPut, isMemory ? 0.4 : 0.7)),
            PeerRow(
                name: "\(engine) get", system: system, workload: get,
                target: Target(redisGet, isMemory ? 2 : 2.5)),
            PeerRow(
                name: "\(engine) get, pipeline 16", system: system, workload: get, pipeline: 16,
                target: Target(redisGet16, 5)),
        ]
    }

    /// The other protocols, by one engine.
    private static func protocols(engine: String) -> [PeerRow] {
        let system = System.kvnode(engine: engine, durability: "buffered")
        let own = "\(engine) put"
        return [
            PeerRow(
                name: "\(engine) put, Session", system: system, driver: .session, workload: put,
                target: Target(own, 1.5)),
            PeerRow(
                name: "\(engine) put, HTTP", system: system, driver: .http, workload: put,
                target: Target(own, 2)),
            PeerRow(
                name: "\(engine) put, gRPC unary", system: system, driver: .unary, workload: put,
                target: Target(etcdPut, 0.4)),
            PeerRow(
                name: "\(engine) get, gRPC unary", system: system, driver: .unary, workload: get,
                target: Target(etcdGet, 0.4)),
        ]
    }

    /// As durable as etcd is, by an engine that keeps what it has.
    private static func synced(_ engine: String) -> [PeerRow] {
        engine == "memory"
            ? []
            : [
                PeerRow(
                    name: "\(engine) put, synced", system: .kvnode(engine: engine, durability: "synced"),
                    workload: put,
                    target: Target(etcdPut, 0.25))
            ]
    }
}
