import ArgumentParser
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import KVNodeClient
import NIOPosix
import TLS

/// A store of one node for one command on keys.
struct ClientSession {
    /// Beyond the request's own timeout, so that the node's error, which says how many replicas answered, arrives first.
    private static let grace = Duration.seconds(5)
    /// There is no other node to go to, so the system's own limit for making a connection may end first.
    private static let connectTimeout = Duration.seconds(15)

    var options: ClientOptions

    /// Runs `body`; a request's failure is printed and becomes the process's exit code.
    func run<R>(_ body: (KVNodeStore) async throws -> R) async throws -> R {
        let configuration = try configuration
        do {
            return try await withKVNodeStore(configuration) { store in
                for warning in store.warnings { Output.standardError.write("kvnode: \(warning)\n") }
                return try await body(store)
            }
        } catch let error as KVNodeError where error.kind == .configuration {
            Output.standardError.write("kvnode: \(error.message)\n")
            throw ExitCode.failure
        } catch let error as KVNodeError {
            throw ClientFailure(error, endpoint: try options.address.description).report(json: options.json)
        }
    }

    /// Of one node, which is asked once: who types the command is told what it said.
    private var configuration: KVNodeConfiguration {
        get throws {
            let address = try options.address
            var configuration = KVNodeConfiguration(endpoints: [
                KVNodeEndpoint(host: address.host, port: address.port)
            ])
            if let files = try options.tls.files, let authorities = files.trustRoots {
                configuration.security = .tls(
                    authorities: authorities,
                    certificate: files.holder.map { .init(file: $0.certificate, keyFile: $0.key) })
            }
            if let authorization = try options.credentials.authorization() {
                configuration.credentials = .authorization(authorization)
            }
            configuration.timeout = options.timeout.map { .milliseconds(Int64($0)) }
            configuration.attemptTimeout = nil
            configuration.answerGrace = Self.grace
            configuration.connectTimeout = Self.connectTimeout
            configuration.retries.maxAttempts = 1
            return configuration
        }
    }
}

/// A connection to a node for one command.
struct NodeConnection {
    private static let maxReplyBytes = 1 << 30

    var address: HostPort
    /// Nil for plain text.
    var tls: CredentialFiles?
    /// Who the client is; nil for nobody.
    var authorization: String?
    /// Whether failures are printed as JSON.
    var json: Bool
    /// Of each call.
    var timeout: Duration
    /// Whether what is doubtful of the certificates is said.
    var warns = true

    /// Runs `body`; an RPC's failure is printed and becomes the process's exit code.
    func run<R: Sendable>(
        _ body: @Sendable (GRPCClient<HTTP2ClientTransport.Posix>, CallOptions) async throws -> R
    ) async throws -> R {
        do {
            return try await attempt(body)
        } catch let failure as ClientFailure {
            throw failure.report(json: json)
        }
    }

    /// Runs `body`; an RPC's failure is thrown as a `ClientFailure`.
    func attempt<R: Sendable>(
        _ body: @Sendable (GRPCClient<HTTP2ClientTransport.Posix>, CallOptions) async throws -> R
    ) async throws -> R {
        var call = CallOptions.defaults
        call.timeout = timeout
        call.maxResponseMessageBytes = Self.maxReplyBytes
        // It is this one that the transport (grpc-swift-nio-transport 2.9) holds replies to: 4 MiB otherwise.
        call.maxRequestMessageBytes = Self.maxReplyBytes
        call.waitForReady = false
        let trust = try makeTrust()
        do {
            let transport = try HTTP2ClientTransport.Posix(
                target: target, transportSecurity: trust.map(Self.security) ?? .plaintext,
                eventLoopGroup: .singletonMultiThreadedEventLoopGroup)
            var interceptors: [any ClientInterceptor] = []
            if let authorization { interceptors.append(AuthorizationInterceptor(value: authorization)) }
            return try await withGRPCClient(transport: transport, interceptors: interceptors) { client in
                try await body(client, call)
            }
        } catch let error as RPCError {
            throw failure(of: error, trust?.refusal)
        }
    }

    private var target: any ResolvableTarget {
        if address.isIPv6 { return .ipv6(address: address.host, port: address.port) }
        if address.isIPv4 { return .ipv4(address: address.host, port: address.port) }
        return .dns(host: address.host, port: address.port)
    }

    /// Nil for plain text; files that can't be used are said, and end the command.
    private func makeTrust() throws -> ClientTrust? {
        guard let tls else { return nil }
        do {
            let trust = try ClientTrust(tls, host: address.host)
            for warning in trust.warnings where warns { Output.standardError.write("kvnode: \(warning)\n") }
            return trust
        } catch {
            Output.standardError.write("kvnode: \(error)\n")
            throw ExitCode.failure
        }
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

    /// - Parameter refusal: Why the node's certificate was not accepted, if that is the cause.
    private func failure(of error: RPCError, _ refusal: CertificateRefusal?) -> ClientFailure {
        var failure = ClientFailure(error, endpoint: address.description)
        if let refusal { failure.message = "\(address) is not trusted: \(refusal)" }
        return failure
    }
}

/// A failed request, as it is printed.
struct ClientFailure: Error, Encodable {
    /// gRPC's status code, such as `UNAVAILABLE`.
    var code: String
    /// The node's reason in a word, or else that of the status code.
    var reason: String
    var message: String
    var replicasAnswered: Int?
    var replicasNeeded: Int?
    var endpoint: String
    var exitCode: ExitCode

    enum CodingKeys: String, CodingKey {
        case code, reason, message, endpoint
        case replicasAnswered = "replicas_answered"
        case replicasNeeded = "replicas_needed"
    }

    init(_ error: RPCError, endpoint: String) {
        self.endpoint = endpoint
        code = Self.name(of: error.code)
        reason = error.metadata[stringValues: "kvnode-reason"].first { _ in true } ?? code.lowercased()
        replicasAnswered = error.metadata[stringValues: "kvnode-replicas-answered"].first { _ in true }
            .flatMap { Int($0) }
        replicasNeeded = error.metadata[stringValues: "kvnode-replicas-needed"].first { _ in true }.flatMap {
            Int($0)
        }
        message = error.message.isEmpty ? "the request to \(endpoint) failed" : error.message
        if error.code == .unavailable, replicasNeeded == nil { message += "; asked \(endpoint)" }
        exitCode =
            switch error.code {
            case .unavailable, .deadlineExceeded, .resourceExhausted: .unavailable
            case .failedPrecondition: .conditionFailed
            case .invalidArgument, .outOfRange: .usage
            default: .failure
            }
    }

    init(_ error: KVNodeError, endpoint: String) {
        self.endpoint = endpoint
        code = error.status
        reason = error.reason.isEmpty ? code.lowercased() : error.reason
        message = error.message
        replicasAnswered = error.replicasAnswered
        replicasNeeded = error.replicasNeeded
        if error.kind == .unavailable, replicasNeeded == nil { message += "; asked \(endpoint)" }
        exitCode =
            switch error.kind {
            case .unavailable, .untrusted, .quorumNotReached, .deadlineExceeded, .overloaded, .noSpace:
                .unavailable
            case .conditionFailed, .wrongType, .contention: .conditionFailed
            case .invalidRequest: .usage
            case .unauthenticated, .permissionDenied, .cancelled, .closed, .configuration, .internal: .failure
            }
    }

    /// Prints it, and answers with its exit code.
    func report(json: Bool) -> ExitCode {
        if json, let text = try? JSONText.encode(["error": self]) {
            Output.standardOutput.write(text)
        } else {
            Output.standardError.write("kvnode: \(message) (\(reason))\n")
        }
        return exitCode
    }

    /// `deadlineExceeded` as gRPC writes it: `DEADLINE_EXCEEDED`.
    private static func name(of code: RPCError.Code) -> String {
        // The one whose Swift name differs.
        if code == .internalError { return "INTERNAL" }
        var result = ""
        for character in "\(code)" {
            if character.isUppercase, !result.isEmpty, result.last?.isLowercase == true { result += "_" }
            result.append(character)
        }
        return result.uppercased()
    }
}
