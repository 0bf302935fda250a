import Crypto
import Foundation
import X509

/// What a certificate says, and what is wrong with it, for an operator.
public struct CertificateReport: Equatable, Sendable {
    public var subject: String
    public var issuer: String
    /// In hexadecimal, as in lists of revoked certificates.
    public var serial: String
    /// Who it is, as a URI of `CertificateIdentity`; nil if it names no node and no client.
    public var identity: String?
    /// DNS names and addresses.
    public var hosts: [String]
    public var from: Date
    public var until: Date
    /// SHA-256 of the certificate, in hexadecimal with colons.
    public var fingerprint: String
    /// Empty if there is nothing to say against it.
    public var problems: [String]

    /// How long before its end a certificate is worth a word.
    private static let notice: TimeInterval = 14 * 86_400

    /// Reads a certificate and judges it.
    ///
    /// - Parameters:
    ///   - file: PEM; the first certificate is reported.
    ///   - keyFile: The key that is to belong to it; nil to leave that out.
    ///   - trustRoots: The authorities of which one is to have issued it; nil to leave that out.
    ///   - revoked: A list in which it should not be; nil to leave that out.
    /// - Throws: `CredentialError` if one of the files can't be read.
    public init(
        _ file: String, keyFile: String?, trustRoots: String?, revoked: String?, now: Date = .now
    ) async throws {
        let chain = try PEM.certificates(try CredentialContents.read("the certificate", file)?.text ?? "")
        let leaf = chain[0]
        subject = "\(leaf.subject)"
        issuer = "\(leaf.issuer)"
        serial = leaf.serialNumber.hexadecimal
        identity = CertificateIdentity(leaf)?.uri
        hosts = leaf.hosts
        from = leaf.notValidBefore
        until = leaf.notValidAfter
        fingerprint = try SHA256.hash(data: leaf.derBytes).hexadecimal(separator: ":")
        problems = []
        if let problem = leaf.dateProblem(at: now) {
            problems.append("it \(problem.reason)")
        } else if until.timeIntervalSince(now) < Self.notice {
            problems.append("it expires at \(until.inWords): kvnode cert rotate makes another")
        }
        if let keyFile { problems += try Self.problems(of: keyFile, for: leaf) }
        let list = try CredentialContents.read("the list of revoked certificates", revoked)
        if try list.map({ try RevocationList($0.text) })?.contains(leaf) == true {
            problems.append("it is revoked")
        }
        let roots = try CredentialContents.read("the file of trusted authorities", trustRoots)
        if let roots = try roots.map({ try PEM.certificates($0.text) }) {
            problems += await Self.problems(of: chain, roots)
        }
    }

    private static func problems(of file: String, for leaf: Certificate) throws(CredentialError) -> [String] {
        guard let content = try CredentialContents.read("the private key", file) else { return [] }
        var problems: [String] = []
        if content.isOpenToOthers { problems.append("its key \(file) can be read by others than its owner") }
        do throws(CredentialError) {
            if try PEM.key(content.text).publicKey != leaf.publicKey {
                problems.append("the key \(file) belongs to another certificate")
            }
        } catch {
            problems.append("the key \(file): \(error)")
        }
        return problems
    }

    private static func problems(of chain: [Certificate], _ roots: [Certificate]) async -> [String] {
        // An authority's own certificate is none that is presented.
        if roots.contains(chain[0]) { return [] }
        let verifier = CertificateVerifier(roots: roots, revoked: .empty)
        do throws(CertificateRefusal) {
            _ = try await verifier.verify(
                chain, CertificateExpectation(PurposePolicy(.client).allows(chain[0]) ? .client : .server))
            return []
        } catch {
            return error.cause == .untrusted ? ["no authority that is trusted vouches for it"] : []
        }
    }
}
