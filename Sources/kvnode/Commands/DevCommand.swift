import ArgumentParser
import Foundation

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run a cluster of several nodes on this machine.",
        discussion: """
            Node k listens on 127.0.0.1 at base port + 10k: +0 gRPC for clients, +1 gRPC for nodes, +2 HTTP, +3 Redis's protocol. Prints \
            the endpoints and, when every node serves, `ready`, to standard output; the nodes' logs go to standard \
            error. ^C stops all nodes. Data stays where it is: a later run with the same engines finds it again.

            KVNODE_* variables reach the nodes, but for what the options here decide.

            Example: kvnode dev --nodes 4 --members 3 --engine lmdb --data four-nodes

            Exit codes: 0 stopped as told, 1 a port is in use, a node didn't start, or none is \
            left, 64 bad arguments.
            """)

    @Option(name: .long, help: "How many nodes; by default one for each of --engines, or 3.")
    var nodes: Int?

    @Option(
        name: .long,
        help: "How many of them begin the cluster, by default all; the others wait for `kvnode cluster join`."
    )
    var members: Int?

    @Option(name: .long, help: "The engine of all nodes. (default: \(EngineRegistry.names[0]))")
    var engine: String?

    @Option(name: .long, help: ArgumentHelp("The nodes' engines, parted by commas.", valueName: "engine,..."))
    var engines: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where the nodes keep their data. (default: kvnode/dev in the user's cache directory)",
            valueName: "dir"))
    var data: String?

    @Option(name: .long, help: "The first node's first port.")
    var basePort = 7400

    @Flag(name: .long, help: "Start a node again when it has ended by itself.")
    var restart = false

    @Option(name: .long, help: "What an acknowledged write survives on each node: buffered or synced.")
    var durability = "buffered"

    @Option(name: .long, help: "Replicas of each key.")
    var replication = 3

    @Option(name: .long, help: "The least severe events that the nodes log.")
    var logLevel = "info"

    func validate() throws {
        if engine != nil, engines != nil { throw ValidationError("give --engine or --engines, not both") }
        for (option, key, value) in [
            ("--durability", "engine.durability", durability), ("--log-level", "log.level", logLevel),
            ("--replication", "cluster.replication", String(replication)),
        ] {
            guard let setting = SettingTable()[key], setting.kind.parse(value) == nil else { continue }
            throw ValidationError("\(option) is \"\(value)\", but takes \(setting.kind.accepted)")
        }
    }

    func run() async throws {
        let plan = try plan()
        let taken = PortCheck.problems(of: plan)
        guard taken.isEmpty else {
            for problem in taken { Output.standardError.write("kvnode dev: \(problem)\n") }
            Output.standardError.write(
                "kvnode dev: end what listens there, or choose other ports with --base-port\n")
            throw ExitCode.failure
        }
        for node in plan.nodes {
            try FileManager.default.createDirectory(atPath: node.directory, withIntermediateDirectories: true)
            try Data(node.configuration.utf8).write(
                to: URL(fileURLWithPath: node.configurationFile), options: .atomic)
        }
        try Output.standardOutput.print(plan.table)
        var cluster = DevCluster(plan: plan, restart: restart)
        if await cluster.run() == .failed { throw ExitCode.failure }
    }

    private func plan() throws -> DevPlan {
        let names = engines?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let directory = URL(fileURLWithPath: data ?? Self.defaultDirectory).standardizedFileURL.path
        do {
            return try DevPlan(
                DevPlan.Request(
                    nodes: nodes, members: members, engines: names ?? [engine ?? EngineRegistry.names[0]],
                    basePort: basePort, directory: directory, durability: durability,
                    replication: replication, logLevel: logLevel))
        } catch {
            throw ValidationError(error.message)
        }
    }

    /// By the XDG base directory specification.
    private static var defaultDirectory: String {
        let environment = ProcessInfo.processInfo.environment
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return cache + "/kvnode/dev" }
        return NSHomeDirectory() + "/.cache/kvnode/dev"
    }
}
