import Glibc
import X509

/// The files of an authority.
///
///     ca.key        its private key, and with it its certificate, for its owner alone to read
///     ca.pem        a copy of the certificate
///     trust.pem     what nodes and clients are to trust: ca.pem, and while it is being replaced the one before
///     revoked.txt   the serial numbers of what they are not to accept any more
///     issued/       a copy of each certificate, by serial number, so that what was stolen can be revoked
///
/// Key and certificate are in one file so that they change in one step.
struct AuthorityDirectory: Sendable {
    let path: String

    var key: String { file("ca.key") }
    var certificate: String { file("ca.pem") }
    var trust: String { file("trust.pem") }
    var revoked: String { file("revoked.txt") }
    private var records: String { file("issued") }

    /// Where a copy of a certificate is.
    func record(of serial: Certificate.SerialNumber) -> String { file("issued/\(serial.hexadecimal).pem") }

    private func file(_ name: String) -> String { Self.file(name, in: path) }

    static func file(_ name: String, in folder: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// Makes the folders that are not there.
    func make() throws(AuthorityError) {
        for folder in [path, records] {
            if mkdir(folder, 0o755) != 0, errno != EEXIST {
                throw AuthorityError("\(folder) can't be made: \(FileProblem(errno: errno).reason)")
            }
        }
    }

    static func exists(_ file: String) -> Bool { access(file, F_OK) == 0 }

    /// What `body` makes of a file's text.
    static func read<T>(
        _ file: String, _ body: (String) throws(CredentialError) -> T
    ) throws(AuthorityError) -> T {
        let text: String
        do throws(FileProblem) {
            text = try SmallFile.read(file).text
        } catch {
            throw AuthorityError("\(file) can't be read: \(error.reason)")
        }
        do throws(CredentialError) {
            return try body(text)
        } catch {
            throw AuthorityError("\(file): \(error)")
        }
    }

    /// The first certificate of a file.
    static func certificate(in file: String) throws(AuthorityError) -> Certificate {
        try read(file) { text throws(CredentialError) in try PEM.certificates(text)[0] }
    }

    /// Writes what everybody may read.
    static func write(
        _ text: String, to file: String, _ existing: SmallFile.Existing
    ) throws(AuthorityError) {
        try write(text, to: file, mode: 0o644, existing)
    }

    /// Writes what only its owner may read.
    static func writeSecret(
        _ text: String, to file: String, _ existing: SmallFile.Existing
    ) throws(AuthorityError) {
        try write(text, to: file, mode: 0o600, existing)
    }

    private static func write(
        _ text: String, to file: String, mode: mode_t, _ existing: SmallFile.Existing
    ) throws(AuthorityError) {
        do throws(FileProblem) {
            try SmallFile.write(Array(text.utf8), to: file, mode: mode, existing: existing)
        } catch {
            throw AuthorityError("\(file) can't be written: \(error.reason)")
        }
    }
}
