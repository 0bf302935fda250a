import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import NIOCore

/// OTLP over gRPC: each batch is one call.
struct GRPCTraceSender: TraceSender {
    static let method = MethodDescriptor(
        fullyQualifiedService: "opentelemetry.proto.collector.trace.v1.TraceService", method: "Export")

    private let client: GRPCClient<HTTP2ClientTransport.Posix>
    private let metadata: Metadata
    private let options: CallOptions

    /// Runs `body` with a sender that can be used until it returns.
    static func with(
        _ configuration: TraceExportConfiguration, _ trust: TraceTrust, on group: any EventLoopGroup,
        _ body: (GRPCTraceSender) async -> Void
    ) async throws {
        let endpoint = configuration.endpoint
        var transport = HTTP2ClientTransport.Posix.Config.defaults
        transport.backoff.initial = configuration.backoffMin
        transport.backoff.max = configuration.backoffMax
        try await withGRPCClient(
            transport: .http2NIOPosix(
                target: endpoint.target,
                transportSecurity: endpoint.isSecure ? try trust.security() : .plaintext,
                config: transport, eventLoopGroup: group)
        ) { client in
            await body(GRPCTraceSender(configuration, client))
        }
    }

    private init(
        _ configuration: TraceExportConfiguration, _ client: GRPCClient<HTTP2ClientTransport.Posix>
    ) {
        self.client = client
        var metadata = Metadata()
        for field in configuration.headers.fields {
            metadata.addString(field.value, forKey: field.name.lowercased())
        }
        self.metadata = metadata
        var options = CallOptions.defaults
        options.timeout = configuration.timeout
        options.waitForReady = false
        self.options = options
    }

    func send(_ request: ExportRequest) async -> ExportOutcome {
        do {
            let response = try await client.unary(
                request: ClientRequest(message: request, metadata: metadata), descriptor: Self.method,
                serializer: ExportSerializer(), deserializer: ExportDeserializer(), options: options
            ) { try $0.message }
            return ExportOutcome(response)
        } catch let error as RPCError {
            return Self.outcome(error)
        } catch {
            return .unavailable(reason: "\(error)", retryAfter: nil)
        }
    }

    /// By OTLP's table of which codes are worth another attempt.
    static func outcome(_ error: RPCError) -> ExportOutcome {
        let reason = "\(error.code): \(error.message)"
        // Details that can't be read are none.
        let pause = (try? error.unpackGoogleRPCStatus())?.details.lazy.compactMap(\.retryInfo).first?.delay
        switch error.code {
        case .cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss:
            return .unavailable(reason: reason, retryAfter: pause)
        case .resourceExhausted where pause != nil:
            return .unavailable(reason: reason, retryAfter: pause)
        default:
            return .refused(reason: reason)
        }
    }
}

private struct ExportSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: ExportRequest) -> Bytes { Bytes(message.bytes) }
}

private struct ExportDeserializer: MessageDeserializer {
    func deserialize(_ bytes: some GRPCContiguousBytes) throws -> ExportResponse {
        do {
            return try ExportResponse(bytes.withUnsafeBytes { Array($0) })
        } catch {
            throw RPCError(
                code: .internalError, message: "the answer is none of a receiver of OTLP", cause: error)
        }
    }
}

extension TraceEndpoint {
    fileprivate var target: any ResolvableTarget {
        if host.contains(":") { return .ipv6(address: host, port: port) }
        let isIPv4 = host.split(separator: ".").count == 4 && host.allSatisfy { $0 == "." || $0.isNumber }
        return isIPv4 ? .ipv4(address: host, port: port) : .dns(host: host, port: port)
    }
}
