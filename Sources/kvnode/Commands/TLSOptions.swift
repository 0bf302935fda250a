import ArgumentParser
import Foundation
import TLS

/// How a client command speaks TLS, if it does.
struct TLSOptions: ParsableArguments {
    /// The variables that stand for the options, when those are not given.
    private static let variables = [ClientVariable.authorities, .certificate, .key].map(\.rawValue)

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Speak TLS, and trust these authorities: a PEM file. (environment: KVNODE_CA)", valueName: "file")
    )
    var ca: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The certificate to present, for a port that wants one: a PEM file. (environment: KVNODE_CERT)",
            valueName: "file"))
    var cert: String?

    @Option(
        name: .long, help: ArgumentHelp("Its private key. (environment: KVNODE_KEY)", valueName: "file"))
    var key: String?

    func validate() throws { _ = try files }

    /// Nil for plain text.
    var files: CredentialFiles? {
        get throws {
            let environment = ProcessInfo.processInfo.environment
            let given = zip([ca, cert, key], Self.variables).map { $0 ?? environment[$1] }
            guard (given[1] == nil) == (given[2] == nil) else {
                throw ValidationError("--cert and --key belong together")
            }
            guard let ca = given[0] else {
                if given[1] == nil { return nil }
                throw ValidationError("--cert is for TLS, for which --ca says whom to trust")
            }
            let holder = given[1].flatMap { certificate in
                given[2].map { CredentialFiles.Holder(certificate: certificate, key: $0) }
            }
            return CredentialFiles(holder: holder, trustRoots: ca, revoked: nil)
        }
    }
}
