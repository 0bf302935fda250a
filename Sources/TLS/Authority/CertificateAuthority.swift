import Foundation
import SwiftASN1
import X509

/// A certificate authority that is a directory, for development and for clusters that have no other. Blocks; one process at a
/// time. All errors are `AuthorityError`s, but for those of the cryptography itself.
public struct CertificateAuthority: Sendable {
    /// Whose nodes and clients it names.
    public let cluster: String
    private let files: AuthorityDirectory
    private var current: AuthorityKey

    /// What nodes and clients are to trust.
    public var trustFile: String { files.trust }
    /// What they are not to accept any more.
    public var revokedFile: String { files.revoked }

    /// Makes a new authority in `directory`, which is made if it is not there.
    ///
    /// - Throws: Also if there is one already.
    public init(
        creating directory: String, cluster: String, validity: CertificateRequest.Validity
    ) throws {
        self.cluster = cluster
        files = AuthorityDirectory(path: directory)
        current = try AuthorityKey(cluster: cluster, validity)
        guard !AuthorityDirectory.exists(files.key) else {
            throw AuthorityError("there is an authority in \(directory) already")
        }
        try files.make()
        // Last what makes it one: until then it can be made anew.
        try AuthorityDirectory.write(
            "# Serial numbers of certificates that are not accepted any more.\n", to: files.revoked, .replaced
        )
        try AuthorityDirectory.write(PEM.text([current.certificate]), to: files.trust, .replaced)
        try write(current)
    }

    /// - Throws: Also if there is none in `directory`, or one that doesn't count any more.
    public init(opening directory: String) throws {
        files = AuthorityDirectory(path: directory)
        current = try AuthorityDirectory.read(files.key) { text throws(CredentialError) in
            AuthorityKey(certificate: try PEM.certificates(text)[0], key: try PEM.key(text))
        }
        guard current.key.publicKey == current.certificate.publicKey else {
            throw AuthorityError("\(files.key) holds a key and another key's certificate")
        }
        if let problem = current.certificate.dateProblem(at: .now) {
            throw AuthorityError("the authority in \(directory) \(problem.reason)")
        }
        guard let cluster = current.cluster else {
            throw AuthorityError("the certificate in \(files.key) names no cluster: it is not kvnode's")
        }
        self.cluster = cluster
    }

    private func write(_ authority: AuthorityKey) throws {
        let certificate = try PEM.text([authority.certificate])
        try AuthorityDirectory.writeSecret(
            try authority.key.serializeAsPEM().pemString + "\n" + certificate, to: files.key, .replaced)
        try AuthorityDirectory.write(certificate, to: files.certificate, .replaced)
    }

    // MARK: Certificates

    /// A certificate and its key, in files.
    public struct Issued: Equatable, Sendable {
        public var certificateFile: String
        public var keyFile: String
        /// In hexadecimal.
        public var serial: String
        public var until: Date
    }

    /// Issues a certificate for a new key: `NAME.pem` and `NAME.key` in `folder`.
    ///
    /// - Throws: Also if one of the files is there.
    public func issue(_ request: CertificateRequest, into folder: String) throws -> Issued {
        try issue(request, into: folder, .kept)
    }

    /// Issues another certificate for a new key in the place of `NAME.pem` and `NAME.key` in `folder`, with the same names in it.
    public func renew(
        _ name: String, in folder: String, validity: CertificateRequest.Validity
    ) throws -> Issued {
        let file = AuthorityDirectory.file("\(name).pem", in: folder)
        let former = try AuthorityDirectory.certificate(in: file)
        let request = try CertificateRequest(renewing: former, validity: validity)
        guard request.name == name, CertificateIdentity(former)?.cluster == cluster else {
            throw AuthorityError("\(file) is not the certificate of \(name) of the cluster \(cluster)")
        }
        return try issue(request, into: folder, .replaced)
    }

    private func issue(
        _ request: CertificateRequest, into folder: String, _ existing: SmallFile.Existing
    ) throws -> Issued {
        let (certificate, key) = try current.issue(request, cluster: cluster)
        let issued = Issued(
            certificateFile: AuthorityDirectory.file("\(request.name).pem", in: folder),
            keyFile: AuthorityDirectory.file("\(request.name).key", in: folder),
            serial: certificate.serialNumber.hexadecimal, until: certificate.notValidAfter)
        for file in [issued.certificateFile, issued.keyFile]
        where existing == .kept && AuthorityDirectory.exists(file) {
            throw AuthorityError("\(file) is there already")
        }
        let text = try PEM.text([certificate])
        // What is not on record can't be revoked once it is stolen, so that comes first.
        try AuthorityDirectory.write(text, to: files.record(of: certificate.serialNumber), .kept)
        try AuthorityDirectory.writeSecret(
            try key.serializeAsPEM().pemString + "\n", to: issued.keyFile, existing)
        try AuthorityDirectory.write(text, to: issued.certificateFile, existing)
        return issued
    }

    /// Has nodes and clients that go by `revokedFile` not accept a certificate any more.
    ///
    /// - Parameters:
    ///   - certificate: The serial number of one that was issued here, in hexadecimal, or the path of a file.
    ///   - now: For the remark beside it.
    /// - Returns: What was revoked, in words; nil if it was already.
    public func revoke(_ certificate: String, now: Date = .now) throws -> String? {
        let serial = Certificate.SerialNumber(hexadecimal: certificate.filter { $0 != ":" })
        let recorded = serial.map(files.record).flatMap { AuthorityDirectory.exists($0) ? $0 : nil }
        let revoked = try AuthorityDirectory.certificate(in: recorded ?? certificate)
        let (text, list) = try AuthorityDirectory.read(files.revoked) { text throws(CredentialError) in
            (text, try RevocationList(text))
        }
        if list.contains(revoked) { return nil }
        let gap = text.isEmpty || text.hasSuffix("\n") ? "" : "\n"
        let line = "\(revoked.serialNumber.hexadecimal)  # \(revoked.subject), revoked \(now.inWords)\n"
        try AuthorityDirectory.write(text + gap + line, to: files.revoked, .replaced)
        return revoked.shortText
    }

    // MARK: Another authority

    /// Begins to issue by a new certificate and key. Both this and the one before are in `trustFile`, so that certificates of
    /// either count until `forgetFormer`.
    public mutating func replace(validity: CertificateRequest.Validity) throws {
        let next = try AuthorityKey(cluster: cluster, validity)
        // Trusted before it has issued anything.
        let trusted = try PEM.text([next.certificate, current.certificate])
        try AuthorityDirectory.write(trusted, to: files.trust, .replaced)
        try write(next)
        current = next
    }

    /// Has certificates not count any more that an authority before this one has issued.
    public func forgetFormer() throws {
        try AuthorityDirectory.write(PEM.text([current.certificate]), to: files.trust, .replaced)
    }
}
