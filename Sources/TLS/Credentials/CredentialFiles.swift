/// The files that one end of TLS connections goes by, all PEM but the last.
public struct CredentialFiles: Hashable, Sendable {
    /// What this end proves itself by.
    public struct Holder: Hashable, Sendable {
        /// The certificate, and after it those of intermediate authorities, if there are any.
        public var certificate: String
        /// Its private key, not encrypted.
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// Nil for a client that is known otherwise, or not at all.
    public var holder: Holder?
    /// The authorities whose certificates are accepted; nil where nobody is asked for one.
    public var trustRoots: String?
    /// Which certificates are not accepted any more, as `RevocationList` has it; nil for none.
    public var revoked: String?

    public init(holder: Holder?, trustRoots: String?, revoked: String?) {
        self.holder = holder
        self.trustRoots = trustRoots
        self.revoked = revoked
    }
}

/// Why files are no credentials that can be used, in words for an operator: which file, what is wrong with it.
public struct CredentialError: Error, Equatable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}

/// What the files hold: compared to tell whether they have changed, however that came about (a rename, a symbolic link that
/// points elsewhere, an edit in place).
struct CredentialContents: Equatable, Sendable {
    var files: CredentialFiles
    var certificate: SmallFile.Content?
    var key: SmallFile.Content?
    var trustRoots: SmallFile.Content?
    var revoked: SmallFile.Content?

    /// Blocks.
    init(reading files: CredentialFiles) throws(CredentialError) {
        self.files = files
        certificate = try Self.read("the certificate", files.holder?.certificate)
        key = try Self.read("the private key", files.holder?.key)
        trustRoots = try Self.read("the file of trusted authorities", files.trustRoots)
        revoked = try Self.read("the list of revoked certificates", files.revoked)
    }

    /// - Parameter what: The file holds, for the error.
    static func read(_ what: String, _ path: String?) throws(CredentialError) -> SmallFile.Content? {
        guard let path else { return nil }
        do throws(FileProblem) {
            return try SmallFile.read(path)
        } catch {
            throw CredentialError("\(what) \(path) can't be read: \(error.reason)")
        }
    }
}
