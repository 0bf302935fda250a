import Foundation
import Testing

@testable import TLS

/// What a node says at its start of files that it can't use.
@Suite struct CredentialTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func load(_ files: CredentialFiles) throws -> Credentials {
        try Credentials(CredentialContents(reading: files))
    }

    private func problem(_ files: CredentialFiles) -> String {
        do {
            _ = try load(files)
            return "nothing"
        } catch {
            return "\(error)"
        }
    }

    @Test func goodOnesAreTaken() throws {
        let credentials = try load(try authority.files("a"))
        #expect(credentials.chain.count == 1)
        #expect(credentials.roots.count == 1)
        #expect(credentials.warnings.isEmpty)
        #expect(CertificateIdentity(credentials.chain[0])?.uri == "kvnode://shop/node/a")
    }

    @Test func missingFilesAreNamed() throws {
        var files = try authority.files("a")
        files.holder!.key += ".lost"
        #expect(
            problem(files) == "the private key \(files.holder!.key) can't be read: No such file or directory")
        files = try authority.files("b")
        files.revoked = "/nowhere"
        #expect(
            problem(files)
                == "the list of revoked certificates /nowhere can't be read: No such file or directory")
        files.revoked = authority.folder
        #expect(
            problem(files)
                == "the list of revoked certificates \(authority.folder) can't be read: it is no file")
    }

    @Test func keyOfAnotherCertificate() throws {
        var files = try authority.files("a")
        files.holder!.key = try authority.files("b").holder!.key
        #expect(
            problem(files)
                == "the private key \(files.holder!.key) does not belong to the certificate \(files.holder!.certificate)"
        )
    }

    @Test func keyAndCertificateMixedUp() throws {
        var files = try authority.files("a")
        files.holder = .init(certificate: files.holder!.key, key: files.holder!.certificate)
        #expect(
            problem(files) == "the certificate \(files.holder!.certificate): it holds no certificate in PEM")
        files.holder!.certificate = files.holder!.key
        #expect(problem(files) == "the private key \(files.holder!.key): it holds 0 private keys, not one")
    }

    @Test func nonsense() throws {
        let files = try authority.files("a")
        try files.breakCertificate()
        #expect(
            problem(files) == "the certificate \(files.holder!.certificate): it holds no certificate in PEM")
        try "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
            .write(toFile: files.holder!.certificate, atomically: true, encoding: .utf8)
        #expect(problem(files).contains("it holds a certificate that can't be read"))
    }

    @Test func expiredAndNotYetValid() throws {
        let past = try authority.files("a", validity: TestAuthority.past)
        #expect(problem(past).contains("(CN=a,O=shop, serial "))
        #expect(problem(past).contains(") has expired at "))
        let future = try authority.files("b", validity: TestAuthority.future)
        #expect(problem(future).contains(") is not valid before "))
    }

    @Test func revoked() throws {
        let files = try authority.files("a")
        _ = try authority.authority.revoke(files.holder!.certificate)
        #expect(problem(files).hasSuffix("is revoked"))
    }

    @Test func keyThatOthersCanRead() throws {
        let files = try authority.files("a")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: files.holder!.key)
        #expect(
            try load(files).warnings
                == ["the private key \(files.holder!.key) can be read by others than its owner: chmod 600"])
    }

    @Test func hugeFilesAreNotRead() throws {
        var files = try authority.files("a")
        files.trustRoots = authority.folder + "/huge"
        try Data(count: SmallFile.maxBytes + 1).write(to: URL(filePath: files.trustRoots!))
        #expect(problem(files).hasSuffix("can't be read: it has more than 1048576 bytes"))
    }

    @Test func othersWouldRefuseTheNode() async throws {
        let other = try TestAuthority()
        var options = TLSEndpoint.Options(name: "peer", applicationProtocols: [])
        options.identity = IdentityRule(cluster: "shop", role: .node, name: "b")
        for (files, expected) in [
            (try authority.files("a"), "it is that of the node 'a', not of 'b'"),
            (try authority.files("b", .client), "is not for the server side of TLS"),
            (try other.files("b", trusting: authority), "no authority that is trusted here vouches"),
        ] {
            await #expect {
                _ = try await TLSMaterial(CredentialContents(reading: files), options)
            } throws: { error in
                "\(error)".hasPrefix("the other nodes would refuse this node: ")
                    && "\(error)".contains(expected)
            }
        }
    }
}
