import API
import ArgumentParser
import GRPCCore

/// What probes of a node run, in an image that has no shell and no other program.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a node whether it serves.",
        discussion: """
            By the service grpc.health.v1.Health, which asks for no user: whether the node has opened its engine and reaches a \
            majority of the members. With --live a node that says no will do, too.

            Exit codes: 0 yes, 1 no, 4 it can't be reached or has not answered in time, 64 bad arguments.
            """)

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The node's gRPC address. (environment: KVNODE_ENDPOINT; default: 127.0.0.1:7400)",
            valueName: "host:port"))
    var endpoint: String?

    @OptionGroup var tls: TLSOptions

    @Flag(name: .long, help: "Ask only whether it answers.")
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

    private struct Report: Encodable {
        var endpoint: String
        var ready: Bool
    }

    func run() async throws {
        let address = try address
        let connection = NodeConnection(
            address: address, tls: try tls.files, authorization: nil, json: json,
            timeout: .milliseconds(Int64(timeout)))
        let answer = try await connection.run { client, call in
            try await Grpc_Health_V1_Health.Client(wrapping: client).check(.init(), options: call)
        }
        let isReady = answer.status == .serving
        let report = Report(endpoint: address.description, ready: isReady)
        try Output.standardOutput.print(
            json ? try JSONText.encode(report) : "\(address) is \(isReady ? "ready" : "not ready")\n")
        if !isReady, !live { throw ExitCode.failure }
    }
}
