import ArgumentParser
import GRPCCore
import Messages

/// What probes of a node run, in an image that has no shell and no other program.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a node whether it serves.",
        discussion: """
            By the service grpc.health.v1.Health, which asks for no user: whether the node has opened its engine and reaches a \
            majority of the members. With --live whatever comes back from the port will do, a refusal for want of room \
            included; no certificate is looked at then.

            Example: kvnode health --endpoint 127.0.0.1:7410

            Exit codes: 0 yes, 1 no, 4 it can't be reached or has not answered in time, 64 bad arguments.
            """)

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The node's gRPC address. (environment: KVNODE_ENDPOINT; default: 127.0.0.1:7400)",
            valueName: "host:port"))
    var endpoint: String?

    @OptionGroup var tls: TLSOptions

    @Flag(name: .long, help: "Ask only whether there is a process that answers.")
    var live = false

    @Option(name: .long, help: ArgumentHelp("How long to wait for the answer.", valueName: "ms"))
    var timeout: UInt32 = 2_000

    @Flag(name: .long, help: "Print JSON, errors included.")
    var json = false

    func validate() throws {
        _ = try address
        guard timeout > 0 else { throw ValidationError("--timeout is 1 at least") }
    }

    private var address: HostPort { get throws { try ClientOptions.address(endpoint) } }

    private struct Readiness: Encodable {
        var endpoint: String
        var ready: Bool
    }

    private struct Life: Encodable {
        var endpoint: String
        var alive: Bool
    }

    func run() async throws {
        if live { try await askWhetherAlive() } else { try await askWhetherReady() }
    }

    private func askWhetherAlive() async throws {
        let address = try address
        do {
            try await LivenessProbe(address: address, timeout: .milliseconds(Int64(timeout))).run()
        } catch let error as RPCError {
            throw ClientFailure(error, endpoint: address.description).report(json: json)
        }
        let report = Life(endpoint: address.description, alive: true)
        try Output.standardOutput.print(json ? try JSONText.encode(report) : "\(address) answers\n")
    }

    private func askWhetherReady() async throws {
        let address = try address
        let connection = NodeConnection(
            address: address, tls: try tls.files, authorization: nil, json: json,
            timeout: .milliseconds(Int64(timeout)))
        let answer = try await connection.run { client, call in
            try await Grpc_Health_V1_Health.Client(wrapping: client).check(.init(), options: call)
        }
        let isReady = answer.status == .serving
        let report = Readiness(endpoint: address.description, ready: isReady)
        try Output.standardOutput.print(
            json ? try JSONText.encode(report) : "\(address) is \(isReady ? "ready" : "not ready")\n")
        if !isReady { throw ExitCode.failure }
    }
}
