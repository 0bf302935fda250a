import ArgumentParser
import Foundation
import KVNodeClient

/// What every client command takes.
struct ClientOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A node's gRPC address. (environment: KVNODE_ENDPOINT; default: 127.0.0.1:7400)",
            valueName: "host:port"))
    var endpoint: String?

    @OptionGroup var credentials: CredentialOptions
    @OptionGroup var tls: TLSOptions

    @Option(name: .shortAndLong, help: "The bucket.")
    var bucket = "default"

    @Option(
        name: .long, help: ArgumentHelp("How many replicas the key has for this request.", valueName: "count")
    )
    var n: UInt32?

    @Option(name: .long, help: ArgumentHelp("How many replicas must answer a read.", valueName: "count"))
    var r: UInt32?

    @Option(name: .long, help: ArgumentHelp("How many replicas must store a write.", valueName: "count"))
    var w: UInt32?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Milliseconds until the request fails; the node's default if left out.", valueName: "ms"))
    var timeout: UInt32?

    @Flag(name: .long, help: "Print JSON, errors included: values and contexts are base64.")
    var json = false

    func validate() throws { _ = try address }

    /// Where to connect.
    var address: HostPort { get throws { try Self.address(endpoint) } }

    /// - Parameter endpoint: nil takes that of the environment, or the default.
    static func address(_ endpoint: String?) throws -> HostPort {
        let text = endpoint ?? ProcessInfo.processInfo.environment["KVNODE_ENDPOINT"] ?? "127.0.0.1:7400"
        guard let address = HostPort(text), address.port > 0 else {
            throw ValidationError("the endpoint \"\(text)\" is not host:port")
        }
        return address
    }

    /// The timeout is the store's.
    var requestOptions: KVNodeStore.Options {
        KVNodeStore.Options(n: n.map { Int($0) }, r: r.map { Int($0) }, w: w.map { Int($0) })
    }

    /// A context as `--print-context` and `--json` show it.
    static func context(_ text: String, _ option: String) throws -> KVNodeStore.Context {
        guard let bytes = Data(base64Encoded: text) else {
            throw ValidationError("\(option) is not base64: pass what --print-context or --json printed")
        }
        return KVNodeStore.Context(bytes: bytes)
    }
}
