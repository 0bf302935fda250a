import Foundation
import Testing
import X509

@testable import TLS

@Suite struct AuthorityTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func mode(of file: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        return (attributes[.posixPermissions] as! NSNumber).intValue
    }

    @Test func keysAreForTheirOwnerAlone() throws {
        let files = try authority.files("a")
        #expect(try mode(of: authority.directory + "/ca.key") == 0o600)
        #expect(try mode(of: files.holder!.key) == 0o600)
        #expect(try mode(of: files.holder!.certificate) == 0o644)
        // Not even for the moment of a change.
        try authority.renew("a")
        #expect(try mode(of: files.holder!.key) == 0o600)
    }

    @Test func oneAuthorityInADirectory() throws {
        let key = try Data(contentsOf: URL(filePath: authority.directory + "/ca.key"))
        #expect(throws: AuthorityError("there is an authority in \(authority.directory) already")) {
            try CertificateAuthority(creating: authority.directory, cluster: "other", validity: .days(1))
        }
        #expect(try Data(contentsOf: URL(filePath: authority.directory + "/ca.key")) == key)
        #expect(try CertificateAuthority(opening: authority.directory).cluster == "shop")
    }

    @Test func noAuthority() {
        #expect(throws: AuthorityError("/nowhere/ca.key can't be read: No such file or directory")) {
            try CertificateAuthority(opening: "/nowhere")
        }
    }

    @Test func expiredAuthority() throws {
        let folder = authority.folder + "/old"
        _ = try CertificateAuthority(creating: folder, cluster: "shop", validity: TestAuthority.past)
        #expect { try CertificateAuthority(opening: folder) } throws: { "\($0)".contains("has expired at") }
    }

    @Test func issuesNothingTwice() throws {
        let files = try authority.files("a")
        let before = try files.certificateText
        #expect { try authority.files("a") } throws: { "\($0)".hasSuffix("is there already") }
        #expect(try files.certificateText == before)
    }

    @Test(arguments: ["", "a/b"])
    func namesThatWouldReadDifferently(name: String) {
        #expect(throws: AuthorityError("'\(name)' is no name of a node")) { try authority.files(name) }
    }

    @Test(arguments: ["", "a b", "http://a", "a:7400", "ä.example"])
    func hostsThatAreNone(host: String) {
        let request = CertificateRequest(.node, "a", hosts: [host], validity: .days(1))
        #expect(throws: AuthorityError("'\(host)' is neither a DNS name nor an address")) {
            try authority.authority.issue(request, into: authority.folder)
        }
    }

    @Test func renewedOneSaysTheSame() throws {
        let files = try authority.files("a")
        let before = try PEM.certificates(files.certificateText)[0]
        let key = try Data(contentsOf: URL(filePath: files.holder!.key))
        try authority.renew("a")
        let after = try PEM.certificates(files.certificateText)[0]
        #expect(after.alternativeNames == before.alternativeNames)
        #expect(after.subject == before.subject)
        #expect(after.serialNumber != before.serialNumber)
        #expect(try Data(contentsOf: URL(filePath: files.holder!.key)) != key)
        #expect(try Credentials(CredentialContents(reading: files)).chain == [after])
    }

    @Test func renewsNobodyElses() throws {
        let other = try TestAuthority(cluster: "other")
        _ = try other.files("a")
        #expect { try authority.authority.renew("a", in: other.folder, validity: .days(1)) } throws: {
            "\($0)".hasSuffix("is not the certificate of a of the cluster shop")
        }
    }

    @Test func revokesByFileAndBySerialNumberOnce() throws {
        let a = try authority.files("a")
        let serial = try PEM.certificates(try authority.files("b").certificateText)[0].serialNumber
            .hexadecimal
        #expect(try authority.authority.revoke(a.holder!.certificate)?.hasPrefix("CN=a,O=shop") == true)
        #expect(try authority.authority.revoke(serial)?.hasPrefix("CN=b,O=shop") == true)
        #expect(try authority.authority.revoke(a.holder!.certificate) == nil)
        #expect(try authority.authority.revoke(serial.lowercased()) == nil)
        let list = try String(contentsOfFile: authority.authority.revokedFile, encoding: .utf8)
        #expect(try RevocationList(list).count == 2)
        #expect { try authority.authority.revoke("AB12") } throws: { "\($0)".hasPrefix("AB12 can't be read") }
    }

    @Test func anotherAuthorityInItsPlace() async throws {
        var replaced = authority.authority
        let old = try authority.files("a")
        try replaced.replace(validity: .days(30))
        let request = CertificateRequest(.node, "b", hosts: [], validity: .days(1))
        let new = try replaced.issue(request, into: authority.folder)
        func isTrusted(_ file: String) async throws -> Bool {
            let report = try await CertificateReport(
                file, keyFile: nil, trustRoots: replaced.trustFile, revoked: nil)
            return !report.problems.contains { $0.contains("vouches") }
        }
        #expect(try await isTrusted(old.holder!.certificate))
        #expect(try await isTrusted(new.certificateFile))
        try CertificateAuthority(opening: authority.directory).forgetFormer()
        #expect(try await !isTrusted(old.holder!.certificate))
        #expect(try await isTrusted(new.certificateFile))
    }

    @Test func reportSaysWhatIsWrong() async throws {
        let files = try authority.files("a", validity: TestAuthority.past)
        let other = try TestAuthority()
        let strange = try other.files("b")
        _ = try authority.authority.revoke(files.holder!.certificate)
        let report = try await CertificateReport(
            files.holder!.certificate, keyFile: strange.holder!.key, trustRoots: nil, revoked: files.revoked)
        #expect(report.identity == "kvnode://shop/node/a")
        #expect(report.hosts == ["localhost", "127.0.0.1"])
        #expect(report.subject == "CN=a,O=shop")
        #expect(report.fingerprint.count == 32 * 3 - 1)
        #expect(report.problems.count == 3, "\(report.problems)")
        #expect(report.problems[0].hasPrefix("it has expired at "))
        #expect(report.problems[1] == "the key \(strange.holder!.key) belongs to another certificate")
        #expect(report.problems[2] == "it is revoked")
        let untrusted = try await CertificateReport(
            strange.holder!.certificate, keyFile: strange.holder!.key,
            trustRoots: authority.authority.trustFile, revoked: nil)
        #expect(untrusted.problems == ["no authority that is trusted vouches for it"])
        let good = try await CertificateReport(
            strange.holder!.certificate, keyFile: strange.holder!.key,
            trustRoots: strange.trustRoots, revoked: strange.revoked)
        #expect(good.problems.isEmpty)
    }
}
