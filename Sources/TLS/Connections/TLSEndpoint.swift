import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import X509

/// TLS for one port and for the connections that go out beside it, by certificates from files that may change while it is in use.
///
/// A connection takes what is in force when it begins. Any thread, but for what concerns a channel: on its event loop.
public final class TLSEndpoint: Sendable {
    public enum Version: Sendable {
        case tls12
        case tls13
    }

    /// How it is used. What the files hold comes from `CredentialFiles`.
    public struct Options: Sendable {
        /// Of the port, for the log.
        public var name: String
        /// What is offered by ALPN, the best first.
        public var applicationProtocols: [String]
        /// The oldest version that is spoken.
        public var minimumVersion = Version.tls12
        /// Whether clients have to present a certificate.
        public var clientCertificates = false
        /// Whom this end's own certificate has to name, for others that go by the same authorities; nil for anybody.
        public var identity: IdentityRule?
        /// From the first packet to the end of the handshake.
        public var handshakeTimeout = Duration.seconds(5)

        public init(name: String, applicationProtocols: [String]) {
            self.name = name
            self.applicationProtocols = applicationProtocols
        }
    }

    private struct State {
        var material: TLSMaterial
        /// What was last wrong with changed files, so that it is told once.
        var problem: String?
        /// When it was last told that the certificate is about to expire.
        var toldOfExpiry: Date?
    }

    private let options: Options
    private let files: CredentialFiles
    private let logger: Logger
    private let failures: FailureLog
    private let connections = VerifiedConnections()
    private let state: Mutex<State>

    /// Of the port.
    public var name: String { options.name }

    /// When the first certificate of the chain in use expires, in seconds since 1970.
    public var expirySeconds: Double {
        let chain = state.withLock { $0.material.credentials.chain }
        return chain.map { $0.notValidAfter.timeIntervalSince1970 }.min() ?? 0
    }

    /// Reads the files.
    ///
    /// - Parameter logger: Told what is wrong with connections, and what becomes of changed files.
    /// - Throws: If they can't be used.
    public init(_ files: CredentialFiles, _ options: Options, logger: Logger) async throws(CredentialError) {
        precondition(files.holder != nil, "a port of TLS has a certificate")
        self.files = files
        self.options = options
        var logger = logger
        logger[metadataKey: "port"] = "\(options.name)"
        self.logger = logger
        failures = FailureLog("a connection is refused", logger: logger)
        let material = try await TLSMaterial(Self.read(files), options)
        state = Mutex(State(material: material))
        tellInUse("TLS is on", material.credentials)
        tellOfExpiry()
    }

    private var material: TLSMaterial { state.withLock { $0.material } }

    private static func read(_ files: CredentialFiles) async throws(CredentialError) -> CredentialContents {
        do {
            return try await NIOThreadPool.singleton.runIfActive { try CredentialContents(reading: files) }
        } catch let error as CredentialError {
            throw error
        } catch {
            throw CredentialError("the certificate files can't be read: \(error)")
        }
    }

    // MARK: Connections

    /// Has a connection that came in begin with TLS. To be called before the handlers of the protocol are added.
    ///
    /// - Parameters:
    ///   - identity: Whom the client's certificate has to name, if it has to present one; nil for anybody.
    ///   - whenFailed: Told once if the connection comes to nothing, or to its end, for reasons of TLS; nil for a line in the log.
    public func secureServer(
        _ channel: any Channel, accepting identity: IdentityRule? = nil,
        whenFailed: ((TLSFailure) -> Void)? = nil
    ) throws {
        let report = FailureReport(whenFailed ?? { [failures] in failures.tell($0, of: channel) })
        let material = material
        let expectation =
            options.clientCertificates ? CertificateExpectation(.client, identity: identity) : nil
        let watch = watch(material, expectation, report)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(FirstByteCheck(expectsTLS: true, from: .client, report))
        try pipeline.addHandler(
            expectation == nil
                ? NIOSSLServerHandler(context: material.server)
                : NIOSSLServerHandler(context: material.server, customVerificationCallback: watch.judge))
        try pipeline.addHandler(watch)
    }

    /// The same for a connection that goes out, at which this end presents its certificate.
    ///
    /// If it comes to nothing, or to its end, for reasons of TLS, a `TLSFailure` is an error in its pipeline.
    ///
    /// - Parameter identity: Whom the server's certificate has to name. It need not name the server's address.
    public func secureClient(_ channel: any Channel, to identity: IdentityRule) throws {
        let report = FailureReport(nil)
        let material = material
        let watch = watch(material, CertificateExpectation(.server, identity: identity), report)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(FirstByteCheck(expectsTLS: true, from: .server, report))
        try pipeline.addHandler(
            NIOSSLClientHandler(
                context: material.client, serverHostname: nil, customVerificationCallback: watch.judge))
        try pipeline.addHandler(watch)
    }

    private func watch(
        _ material: TLSMaterial, _ expectation: CertificateExpectation?, _ report: FailureReport
    ) -> HandshakeWatch {
        HandshakeWatch(
            verifier: material.verifier, expectation, timeout: TimeAmount(options.handshakeTimeout),
            connections: connections, report)
    }

    /// Has a connection in plain text end with a word, if the other end speaks TLS.
    ///
    /// - Parameters:
    ///   - isServer: Whether the connection came in; if not, the word is a `TLSFailure` in its pipeline.
    ///   - whenFailed: Told of a connection that came in.
    public static func expectPlainText(
        on channel: any Channel, isServer: Bool, whenFailed: ((TLSFailure) -> Void)? = nil
    ) throws {
        try channel.pipeline.syncOperations.addHandler(
            FirstByteCheck(
                expectsTLS: false, from: isServer ? .client : .server, FailureReport(whenFailed)))
    }

    /// What the other end of a connection has proved; nil before the handshake is over, or if it was not asked for a certificate.
    public static func certificate(on channel: any Channel) -> VerifiedCertificate? {
        // A channel without the handler has no TLS, or is closed.
        (try? channel.pipeline.syncOperations.handler(type: HandshakeWatch.self))?.verified
    }

    // MARK: Changes

    /// Looks at the files anew. If they have changed and can be used, new connections use them; if they can't, what was in use
    /// stays so, and the log says why. Connections whose other end's certificate does not count any more are ended.
    ///
    /// One call at a time.
    public func reload() async {
        var areNew = false
        do throws(CredentialError) {
            let contents = try await Self.read(files)
            if contents != material.contents {
                let changed = try await TLSMaterial(contents, options)
                state.withLock { $0.material = changed }
                areNew = true
                tellInUse("changed certificate files are in use", changed.credentials)
            }
            state.withLock { $0.problem = nil }
        } catch {
            tell(error)
        }
        tellOfExpiry()
        await connections.review(by: material.verifier, areNew: areNew)
    }

    private func tell(_ error: CredentialError) {
        let isNews = state.withLock { state in
            defer { state.problem = error.description }
            return state.problem != error.description
        }
        guard isNews else { return }
        logger.warning(
            "changed certificate files can't be used, those before stay in use",
            metadata: ["reason": "\(error)"])
    }

    private func tellInUse(_ message: Logger.Message, _ credentials: Credentials) {
        for warning in credentials.warnings { logger.warning("\(warning)") }
        guard let certificate = credentials.certificate else { return }
        logger.info(
            message,
            metadata: [
                "subject": "\(certificate.subject)", "serial": "\(certificate.serialNumber.hexadecimal)",
                "expires": "\(certificate.notValidAfter.inWords)", "revoked": "\(credentials.revoked.count)",
            ])
    }

    private static let expiryNotice: TimeInterval = 14 * 24 * 3600
    private static let expiryNoticeInterval: TimeInterval = 24 * 3600

    /// Once a day from two weeks before.
    private func tellOfExpiry(now: Date = .now) {
        guard let certificate = material.credentials.certificate,
            certificate.notValidAfter.timeIntervalSince(now) < Self.expiryNotice
        else { return }
        let isDue = state.withLock { state in
            if let told = state.toldOfExpiry, now.timeIntervalSince(told) < Self.expiryNoticeInterval {
                return false
            }
            state.toldOfExpiry = now
            return true
        }
        guard isDue else { return }
        logger.warning(
            "the certificate is about to expire, or has: kvnode cert rotate makes a new one",
            metadata: ["expires": "\(certificate.notValidAfter.inWords)"])
    }
}
