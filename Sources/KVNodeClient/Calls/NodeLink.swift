internal import Foundation
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import GRPCProtobuf
internal import NIOPosix
internal import SwiftProtobuf
internal import Synchronization
internal import TLS

/// A connection to one node, which is made again when it is lost.
final class NodeLink: Sendable {
    let endpoint: KVNodeEndpoint
    private let client: GRPCClient<HTTP2ClientTransport.Posix>
    private let trust: ClientTrust?
    private let metadata: Metadata
    private let limits: KVNodeConfiguration
    /// Whether the last call found a connection, so that the next will hardly have to wait for one.
    private let isConnected = Atomic(false)
    private let drain = Drain()

    /// Reads the files for TLS: blocks.
    init(_ endpoint: KVNodeEndpoint, _ configuration: KVNodeConfiguration) throws(KVNodeError) {
        self.endpoint = endpoint
        limits = configuration
        metadata = configuration.credentials.metadata
        do {
            trust = try configuration.security.files.map { try ClientTrust($0, host: endpoint.host) }
            let config = HTTP2ClientTransport.Posix.Config.defaults {
                // The default waits for 100 µs before it writes, in case that there is more.
                $0.connection.flushCoalescing = nil
                // A machine that is gone says no good-bye; the system itself would wait for many minutes.
                $0.connection.keepalive = .init(
                    time: configuration.keepaliveInterval, timeout: configuration.keepaliveTimeout,
                    allowWithoutCalls: false)
            }
            client = GRPCClient(
                transport: try HTTP2ClientTransport.Posix(
                    target: endpoint.target, transportSecurity: trust.map(Self.security) ?? .plaintext,
                    config: config, eventLoopGroup: .singletonMultiThreadedEventLoopGroup))
        } catch {
            throw KVNodeError(.configuration, "\(error)")
        }
    }

    /// What an operator should know of the files for TLS.
    var warnings: [String] { trust?.warnings ?? [] }

    /// Keeps the connection until `beginGracefulShutdown` and the end of the calls under way, or until the task is cancelled,
    /// which breaks them off.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [client] in
                // It throws if it is run twice, or its transport fails; calls say why, then.
                try? await client.runConnections()
            }
            await drain.wait()
            // By itself it would wait for a connection that is being made: for ever, if a node has taken it and says nothing.
            group.cancelAll()
        }
    }

    func beginGracefulShutdown() {
        client.beginGracefulShutdown()
        drain.close()
    }

    /// Makes one call.
    ///
    /// - Parameters:
    ///   - timeout: That the node has; nil for its own default.
    ///   - isAwaited: Whether a shutdown waits for it.
    /// - Returns: What it answered; or why it did not, as of a write that must not be done twice (`KVNodeError.of`).
    func send<Input: Message & Sendable, Output: Message & Sendable>(
        _ message: Input, _ method: MethodDescriptor, timeout: Duration?, isAwaited: Bool = true
    ) async -> Result<Output, KVNodeError> {
        if isAwaited { drain.begin() }
        defer { if isAwaited { drain.finish() } }
        var options = CallOptions.defaults
        options.timeout = timeout.map { $0 + limits.answerGrace } ?? limits.longestCall
        options.maxResponseMessageBytes = limits.maxReplyBytes
        // The transport (grpc-swift-nio-transport 2.9) holds replies to the limit that is meant for requests: 4 MiB otherwise.
        options.maxRequestMessageBytes = limits.maxReplyBytes
        options.waitForReady = false
        let sending = Sending()
        // As a stream of one, to know whether there was a connection at all: the producer is called once there is.
        let request = StreamingClientRequest(of: Input.self, metadata: metadata) { writer in
            sending.hasBegun.store(true, ordering: .sequentiallyConsistent)
            try await writer.write(message)
        }
        let outcome: Result<Output, any Error> = await connecting(sending) { [client, options] in
            do {
                return .success(
                    try await client.clientStreaming(
                        request: request, descriptor: method, serializer: ProtobufSerializer<Input>(),
                        deserializer: ProtobufDeserializer<Output>(), options: options
                    ) { try $0.message })
            } catch {
                return .failure(error)
            }
        }
        let wasSent = sending.hasBegun.load(ordering: .sequentiallyConsistent)
        let result = outcome.mapError { failure($0, wasSent: wasSent) }
        if case .failure(let failure) = result, failure.isOfConnection {
            isConnected.store(false, ordering: .relaxed)
        } else {
            isConnected.store(wasSent, ordering: .relaxed)
        }
        return result
    }

    /// Makes a call, and gives it up if there is no connection for it in time: a machine that is gone refuses none, and what was
    /// not sent can go to another node at once.
    private func connecting<Outcome: Sendable>(
        _ sending: Sending, _ call: @escaping @Sendable () async -> Outcome
    ) async -> Outcome {
        // Watching costs a task, which is seldom worth it.
        if isConnected.load(ordering: .relaxed) { return await call() }
        return await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await call() }
            group.addTask { [limit = limits.connectTimeout] in
                try? await Task.sleep(for: limit)
                return nil
            }
            while let ended = await group.next() {
                if let outcome = ended {
                    group.cancelAll()
                    return outcome
                }
                // A call that begins just now is broken off as well, and counts as sent.
                if !sending.hasBegun.load(ordering: .sequentiallyConsistent) { group.cancelAll() }
            }
            preconditionFailure("a call ends")
        }
    }

    private func failure(_ error: any Error, wasSent: Bool) -> KVNodeError {
        var failure = KVNodeError(error, wasSent: wasSent)
        failure.endpoint = endpoint
        if Task.isCancelled {
            failure.kind = .cancelled
        } else if failure.kind == .cancelled {
            // By the node, by the loss of its connection, or because there was none in time.
            failure.kind = .unavailable
            failure.status = "UNAVAILABLE"
            failure.message =
                wasSent ? "the call was broken off" : "there was no connection to \(endpoint) in time"
        }
        if !wasSent, failure.kind == .unavailable, let refusal = trust?.refusal {
            failure.kind = .untrusted
            failure.message = "\(endpoint) is not trusted: \(refusal)"
        }
        return failure
    }

    private static func security(_ trust: ClientTrust) -> HTTP2ClientTransport.Posix.TransportSecurity {
        .tls { tls in
            tls.certificateChain = trust.certificates.map { .bytes($0, format: .der) }
            tls.privateKey = trust.key.isEmpty ? nil : .bytes(trust.key, format: .pem)
            tls.trustRoots = .certificates(trust.roots.map { .bytes($0, format: .der) })
            // Judged by kvnode's own rules, which say what is wrong.
            tls.customVerificationCallback = { trust.judge($0, $1) }
        }
    }
}

/// Whether a request is on its way.
private final class Sending: Sendable {
    let hasBegun = Atomic(false)
}

extension KVNodeEndpoint {
    fileprivate var target: any ResolvableTarget {
        if isIPv6 { return .ipv6(address: host, port: port) }
        if isIPv4 { return .ipv4(address: host, port: port) }
        return .dns(host: host, port: port)
    }
}

extension KVNodeConfiguration.Credentials {
    /// What each call says of its client.
    fileprivate var metadata: Metadata {
        switch self {
        case .none: [:]
        case .user(let name, let password):
            ["authorization": "Basic \(Data("\(name):\(password)".utf8).base64EncodedString())"]
        case .token(let token): ["authorization": "Bearer \(token)"]
        case .authorization(let value): ["authorization": "\(value)"]
        }
    }
}

extension KVNodeConfiguration.Security {
    fileprivate var files: CredentialFiles? {
        guard case .tls(let authorities, let certificate) = self else { return nil }
        let holder = certificate.map { CredentialFiles.Holder(certificate: $0.file, key: $0.keyFile) }
        return CredentialFiles(holder: holder, trustRoots: authorities, revoked: nil)
    }
}
