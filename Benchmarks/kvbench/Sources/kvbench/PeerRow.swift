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
    /// What it is held against: another row's name, and the most that the ratio of CPU per operation may be.
    var target: (reference: String, ratio: Double)?
}

extension PeerRow {
    static let put = Workload(
        name: "put", summary: "Updates all over.", mix: Mix(update: 100), keys: .uniform)
    static let get = Workload(
        name: "get", summary: "Reads all over.", mix: Mix(read: 100), keys: .uniform)

    private static let redisPut = "Redis SET + WAIT 1"
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
                name: "\(engine) put", system: system, workload: put, target: (redisPut, isMemory ? 0.8 : 1.2)
            ),
            PeerRow(
                name: "\(engine) put, pipeline 16", system: system, workload: put, pipeline: 16,
                target: (redisPut, isMemory ? 0.4 : 0.7)),
            PeerRow(
                name: "\(engine) get", system: system, workload: get, target: (redisGet, isMemory ? 2 : 2.5)),
            PeerRow(
                name: "\(engine) get, pipeline 16", system: system, workload: get, pipeline: 16,
                target: (redisGet16, 5)),
        ]
    }

    /// The other protocols, by one engine.
    private static func protocols(engine: String) -> [PeerRow] {
        let system = System.kvnode(engine: engine, durability: "buffered")
        let own = "\(engine) put"
        return [
            PeerRow(
                name: "\(engine) put, Session", system: system, driver: .session, workload: put,
                target: (own, 1.5)),
            PeerRow(
                name: "\(engine) put, HTTP", system: system, driver: .http, workload: put, target: (own, 2)),
            PeerRow(
                name: "\(engine) put, gRPC unary", system: system, driver: .unary, workload: put,
                target: (etcdPut, 0.4)),
            PeerRow(
                name: "\(engine) get, gRPC unary", system: system, driver: .unary, workload: get,
                target: (etcdGet, 0.4)),
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
                    target: (etcdPut, 0.25))
            ]
    }
}
