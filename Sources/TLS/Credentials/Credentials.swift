import Foundation
import SwiftASN1
import X509

/// What one end of TLS connections proves itself by, and whom it believes: files that were read, understood and found good.
struct Credentials: Sendable {
    /// The holder's certificate first; empty for an end that proves nothing.
    let chain: [Certificate]
    /// PEM, as it was read; empty for an end that proves nothing.
    let key: [UInt8]
    let roots: [Certificate]
    let revoked: RevocationList
    /// What an operator should know, though all of it can be used.
    let warnings: [String]

    var certificate: Certificate? { chain.first }

    /// - Throws: If something is malformed, or this end's own certificate does not count: it fits no key, is of another time, or
    ///   revoked.
    init(_ contents: CredentialContents, now: Date = .now) throws(CredentialError) {
        let files = contents.files
        roots =
            try Self.parse("the file of trusted authorities", files.trustRoots, contents.trustRoots) {
                text throws(CredentialError) in try PEM.certificates(text)
            } ?? []
        revoked =
            try Self.parse("the list of revoked certificates", files.revoked, contents.revoked) {
                text throws(CredentialError) in try RevocationList(text)
            } ?? .empty
        var warnings: [String] = []
        for root in roots {
            if let problem = root.dateProblem(at: now) {
                warnings.append("the trusted authority \(root.subject) \(problem.reason)")
            }
        }
        let holder = try Self.holder(contents, now)
        if let leaf = holder?.chain.first, revoked.contains(leaf) {
            throw CredentialError(
                "the certificate \(files.holder!.certificate) (\(leaf.shortText)) is revoked")
        }
        if let path = files.holder?.key, contents.key?.isOpenToOthers == true {
            warnings.append("the private key \(path) can be read by others than its owner: chmod 600")
        }
        chain = holder?.chain ?? []
        key = holder?.key ?? []
        self.warnings = warnings
    }

    private static func holder(
        _ contents: CredentialContents, _ now: Date
    ) throws(CredentialError) -> (chain: [Certificate], key: [UInt8])? {
        guard let files = contents.files.holder else { return nil }
        guard
            let chain = try parse(
                "the certificate", files.certificate, contents.certificate,
                {
                    text throws(CredentialError) in try PEM.certificates(text)
                }), let leaf = chain.first,
            let key = try parse(
                "the private key", files.key, contents.key,
                {
                    text throws(CredentialError) in try PEM.key(text)
                })
        else { return nil }
        guard key.publicKey == leaf.publicKey else {
            throw CredentialError(
                "the private key \(files.key) does not belong to the certificate \(files.certificate)")
        }
        if let problem = leaf.dateProblem(at: now) {
            throw CredentialError(
                "the certificate \(files.certificate) (\(leaf.shortText)) \(problem.reason)")
        }
        return (chain, contents.key?.bytes ?? [])
    }

    /// What `body` makes of a file's text; its error names the file.
    private static func parse<T>(
        _ what: String, _ path: String?, _ content: SmallFile.Content?,
        _ body: (String) throws(CredentialError) -> T
    ) throws(CredentialError) -> T? {
        guard let path, let content else { return nil }
        do throws(CredentialError) {
            return try body(content.text)
        } catch {
            throw CredentialError("\(what) \(path): \(error)")
        }
    }
}
