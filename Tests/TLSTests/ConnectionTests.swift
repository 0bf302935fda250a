import NIOCore
import NIOPosix
import Testing

@testable import TLS

/// Connections between an end of kvnode's and others, good and bad.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    private static let nodes = IdentityRule(cluster: "shop", role: .node)

    private let authority: TestAuthority
    private let log = LogLines.Storage()

    init() throws { authority = try TestAuthority() }

    /// An end with mutual proof, like the peers' port.
    private func peer(
        _ files: CredentialFiles, _ change: (inout TLSEndpoint.Options) -> Void = { _ in }
    ) async throws -> TLSEndpoint {
        var options = TLSEndpoint.Options(name: "peer", applicationProtocols: ["h2"])
        options.minimumVersion = .tls13
        options.clientCertificates = true
        change(&options)
        return try await TLSEndpoint(files, options, logger: LogLines.logger(log))
    }

    /// What the two ends of a connection make of each other.
    private func meet(
        server: @escaping Beginning, client: @escaping Beginning
    ) async throws -> (client: Outcome, server: Outcome) {
        let meeting = try await Meeting(server: server)
        let outcomes = try await meeting.outcomes(client)
        try await meeting.close()
        return outcomes
    }

    @Test func bothProveWhoTheyAre() async throws {
        let a = try await peer(authority.files("a"))
        let b = try await peer(authority.files("b"))
        let (client, server) = try await meet(
            server: a.server(accepting: Self.nodes),
            client: b.client(to: IdentityRule(cluster: "shop", role: .node, name: "a")))
        #expect(client == .talked(CertificateIdentity(cluster: "shop", role: .node, name: "a")))
        #expect(server == .talked(CertificateIdentity(cluster: "shop", role: .node, name: "b")))
    }

    // MARK: Bad ones

    /// A certificate that must not do, and the cause by which it is refused.
    enum Fault: CaseIterable, Sendable {
        case expired, notYetValid, otherAuthority, otherCluster, otherName, client, revoked

        var cause: CertificateRefusal.Cause {
            switch self {
            case .expired: .expired
            case .notYetValid: .notYetValid
            case .otherAuthority: .untrusted
            case .otherCluster, .otherName: .identity
            case .client: .identity
            case .revoked: .revoked
            }
        }
    }

    /// A certificate for node `b` of the cluster `shop`, but for one fault.
    private func files(_ fault: Fault) throws -> CredentialFiles {
        switch fault {
        case .expired: return try authority.files("b", validity: TestAuthority.past)
        case .notYetValid: return try authority.files("b", validity: TestAuthority.future)
        case .otherAuthority:
            let other = try TestAuthority()
            return try withExtendedLifetime(other) { try other.files("b").kept(in: authority) }
        case .otherCluster:
            // Of the same authority's key, which would not do so by itself.
            return try authority.files("b", ofCluster: "other")
        case .otherName: return try authority.files("c")
        case .client: return try authority.files("b", .client)
        case .revoked:
            let files = try authority.files("b")
            _ = try authority.authority.revoke(files.holder!.certificate)
            return files
        }
    }

    @Test("A client with a bad certificate is refused", arguments: Fault.allCases)
    func badClient(_ fault: Fault) async throws {
        let bad = try files(fault)
        let a = try await peer(authority.files("a"))
        let rule = IdentityRule(cluster: "shop", role: .node, name: "b")
        let (client, server) = try await meet(
            server: a.server(accepting: rule), client: Stranger.client(bad))
        #expect(server.cause == .certificate(fault.cause), "\(server)")
        #expect(client == .closed)
    }

    @Test("A server with a bad certificate is refused", arguments: Fault.allCases)
    func badServer(_ fault: Fault) async throws {
        let bad = try files(fault)
        let a = try await peer(authority.files("a"))
        let rule = IdentityRule(cluster: "shop", role: .node, name: "b")
        let (client, server) = try await meet(server: Stranger.server(bad), client: a.client(to: rule))
        let cause: CertificateRefusal.Cause = fault == .client ? .purpose : fault.cause
        #expect(client.cause == .certificate(cause), "\(client)")
        #expect(server == .closed)
    }

    @Test func clientWithoutCertificate() async throws {
        let a = try await peer(authority.files("a"))
        let (client, server) = try await meet(
            server: a.server(accepting: Self.nodes), client: Stranger.client(nil))
        #expect(server == .failed(.certificate(.missing), "it presents no certificate"))
        #expect(client == .closed)
    }

    @Test("The end whose certificate is refused learns so")
    func refusedEnd() async throws {
        let a = try await peer(authority.files("a"))
        let b = try await peer(authority.files("b"))
        let onlyC = IdentityRule(cluster: "shop", role: .node, name: "c")
        let anyNode = IdentityRule(cluster: "shop", role: .node)
        let (client, server) = try await meet(
            server: a.server(accepting: onlyC), client: b.client(to: anyNode))
        #expect(server.cause == .certificate(.identity))
        #expect(client.cause == .alert, "\(client)")
        #expect(client.reason.hasPrefix("it does not accept this end's certificate"), "\(client)")
    }

    // MARK: Plain text

    @Test func plainTextAtATLSPort() async throws {
        let a = try await peer(authority.files("a"))
        // What a node of kvnode with TLS off would hear.
        let plain: Beginning = { channel, _ in try TLSEndpoint.expectPlainText(on: channel, isServer: false) }
        let (client, server) = try await meet(server: a.server(accepting: Self.nodes), client: plain)
        #expect(server == .failed(.plainText, "it speaks plain text, but this port speaks TLS"))
        #expect(client == .failed(.unexpectedTLS, "it speaks TLS, which is off at this node"))
    }

    @Test func tlsAtAPlainPort() async throws {
        let a = try await peer(authority.files("a"))
        let plain: Beginning = { channel, whenFailed in
            try TLSEndpoint.expectPlainText(on: channel, isServer: true, whenFailed: whenFailed)
        }
        let (client, server) = try await meet(server: plain, client: a.client(to: Self.nodes))
        #expect(server == .failed(.unexpectedTLS, "it speaks TLS, which is off at this port"))
        #expect(client.cause == .closed, "\(client)")
    }

    @Test func serverThatAnswersInPlainText() async throws {
        let a = try await peer(authority.files("a"))
        let (client, _) = try await meet(server: Stranger.plain, client: a.client(to: Self.nodes))
        #expect(client == .failed(.plainText, "it answers in plain text, but this node speaks TLS"))
    }

    @Test func plainEndsTalkAsEver() async throws {
        let (client, server) = try await meet(
            server: { try TLSEndpoint.expectPlainText(on: $0, isServer: true, whenFailed: $1) },
            client: { channel, _ in try TLSEndpoint.expectPlainText(on: channel, isServer: false) })
        #expect(client == .talked(nil))
        #expect(server == .talked(nil))
    }

    @Test("An end that says nothing is let go in time")
    func silence() async throws {
        let a = try await peer(authority.files("a")) { $0.handshakeTimeout = .milliseconds(100) }
        let meeting = try await Meeting(server: a.server(accepting: Self.nodes))
        // Connects, and waits for the other.
        let silent = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: meeting.port).get()
        try await silent.closeFuture.get()
        let outcome = try await meeting.lastServerOutcome()
        #expect(outcome == .failed(.timeout, "it has not finished the TLS handshake in time"))
        try await meeting.close()
    }

    // MARK: The port of clients

    @Test func clientsNeedNoCertificateUnlessItIsAsked() async throws {
        var files = try authority.files("a")
        files.trustRoots = nil
        let open = try await peer(files) { $0.clientCertificates = false }
        let outcomes = try await meet(server: open.server(), client: Stranger.client(nil))
        #expect(outcomes.server == .talked(nil))
        #expect(outcomes.client == .talked(nil))
    }

    @Test func failuresAreLoggedOnceForEachHost() async throws {
        let a = try await peer(authority.files("a"))
        let meeting = try await Meeting(server: { channel, _ in try a.secureServer(channel) })
        for _ in 1...5 { _ = try await meeting.outcomes(Stranger.client(nil)) }
        let lines = log.all.filter { $0.hasPrefix("warning a connection is refused") }
        #expect(lines.count == 1, "\(lines)")
        #expect(lines.first?.hasSuffix(" port=peer reason=it presents no certificate") == true, "\(lines)")
        try await meeting.close()
    }
}
