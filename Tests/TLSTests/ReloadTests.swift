import Foundation
import NIOCore
import Testing
import X509

@testable import TLS

/// Certificates that change while connections are made and last.
@Suite(.timeLimit(.minutes(1))) struct ReloadTests {
    private static let nodes = IdentityRule(cluster: "shop", role: .node)

    private let authority: TestAuthority
    private let log = LogLines.Storage()

    init() throws { authority = try TestAuthority() }

    private func peer(_ files: CredentialFiles) async throws -> TLSEndpoint {
        var options = TLSEndpoint.Options(name: "peer", applicationProtocols: [])
        options.clientCertificates = true
        return try await TLSEndpoint(files, options, logger: LogLines.logger(log))
    }

    private func serial(_ files: CredentialFiles) throws -> String {
        try PEM.certificates(files.certificateText)[0].serialNumber.hexadecimal
    }

    /// The serial number of the certificate that `server` shows to a new connection.
    private func shown(_ meeting: Meeting, _ client: TLSEndpoint) async throws -> String? {
        let connection = try await meeting.connect(client.client(to: Self.nodes))
        let channel = connection.client
        let shown = try await channel.eventLoop.submit {
            TLSEndpoint.certificate(on: channel)?.chain.first?.serialNumber.hexadecimal
        }.get()
        channel.close(promise: nil)
        return shown
    }

    @Test func newConnectionsSeeTheNewCertificate() async throws {
        let files = try authority.files("a")
        let a = try await peer(files)
        let b = try await peer(authority.files("b"))
        let meeting = try await Meeting(server: a.server(accepting: Self.nodes))
        let first = try serial(files)
        #expect(try await shown(meeting, b) == first)
        let lasting = try await meeting.connect(b.client(to: Self.nodes))
        try authority.renew("a")
        #expect(try await shown(meeting, b) == first, "before anybody has looked")
        await a.reload()
        let second = try serial(files)
        #expect(second != first)
        #expect(try await shown(meeting, b) == second)
        #expect(lasting.client.isActive, "what was good stays")
        #expect(
            log.all.contains {
                $0.hasPrefix("info changed certificate files are in use") && $0.contains(second)
            })
        lasting.client.close(promise: nil)
        try await meeting.close()
    }

    @Test func brokenFilesAreToldOnceAndTheOldStay() async throws {
        let files = try authority.files("a")
        let a = try await peer(files)
        let b = try await peer(authority.files("b"))
        let meeting = try await Meeting(server: a.server(accepting: Self.nodes))
        let first = try serial(files)
        try files.breakCertificate()
        for _ in 1...3 { await a.reload() }
        #expect(try await shown(meeting, b) == first)
        let told = log.all.filter { $0.hasPrefix("warning changed certificate files can't be used") }
        #expect(told.count == 1, "\(told)")
        #expect(told.first?.contains(files.holder!.certificate) == true)
        try await meeting.close()
    }

    @Test func unchangedFilesAreNoNews() async throws {
        let a = try await peer(authority.files("a"))
        let before = log.all
        for _ in 1...3 { await a.reload() }
        #expect(log.all == before)
    }

    /// Has node b connect to a, does something to b's standing, and has a look at it.
    private func lose(_ change: (CredentialFiles) throws -> Void) async throws -> TLSFailure {
        let a = try await peer(authority.files("a"))
        let files = try authority.files("b")
        let b = try await peer(files)
        let meeting = try await Meeting(server: a.server(accepting: Self.nodes))
        let connection = try await meeting.connect(b.client(to: Self.nodes))
        try change(files)
        await a.reload()
        let failure = try await connection.laterFailure.get()
        try await connection.client.closeFuture.get()
        let again = try await meeting.outcomes(Stranger.client(files))
        #expect(again.server.cause == failure.cause, "nor is a new one taken")
        try await meeting.close()
        return failure
    }

    @Test func connectionOfARevokedCertificateEnds() async throws {
        let failure = try await lose { _ = try authority.authority.revoke($0.holder!.certificate) }
        #expect(failure.cause == .certificate(.revoked))
    }

    @Test func connectionOfAnAuthorityThatIsNotTrustedAnyMoreEnds() async throws {
        var replaced = authority.authority
        let failure = try await lose { _ in
            try replaced.replace(validity: .days(30))
            try replaced.forgetFormer()
            // The node itself goes over to the new authority.
            _ = try replaced.renew("a", in: authority.folder, validity: .days(20))
        }
        #expect(failure.cause == .certificate(.untrusted))
    }

    @Test func serversAreLookedAtToo() async throws {
        let a = try await peer(authority.files("a"))
        let files = try authority.files("b")
        let b = try await peer(files)
        let meeting = try await Meeting(server: b.server(accepting: Self.nodes))
        let connection = try await meeting.connect(a.client(to: Self.nodes))
        _ = try authority.authority.revoke(files.holder!.certificate)
        await a.reload()
        try await connection.client.closeFuture.get()
        try await meeting.close()
    }

    @Test func connectionEndsWithItsCertificatesTime() async throws {
        let a = try await peer(authority.files("a"))
        // Not before the two have met, though this thread may have to pause.
        let soon = CertificateRequest.Validity(from: .now - 60, until: .now + 5)
        let b = try await peer(authority.files("b", validity: soon))
        let meeting = try await Meeting(server: a.server(accepting: Self.nodes))
        let connection = try await meeting.connect(b.client(to: Self.nodes))
        await a.reload()
        #expect(connection.client.isActive)
        // Nothing tells that the time is over but the time.
        while Date.now <= soon.until + 1 { try await Task.sleep(for: .milliseconds(50)) }
        await a.reload()
        #expect(try await connection.laterFailure.get().cause == .certificate(.expired))
        try await connection.client.closeFuture.get()
        try await meeting.close()
    }

    @Test func certificateThatIsAboutToExpireIsToldOfOnce() async throws {
        let a = try await peer(
            authority.files("a", validity: .init(from: .now - 60, until: .now + 86_400)))
        await a.reload()
        #expect(log.all.count { $0.hasPrefix("warning the certificate is about to expire") } == 1)
    }
}
