import ArgumentParser
import TLS

struct CertificateRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Have certificates not accepted any more.",
        discussion: """
            Adds them to revoked.txt of the authority. Nodes whose tls.revoked is that file, or a copy, end the connections that \
            were made with them, and accept none.

            Example: kvnode cert revoke certs/node1.pem --directory ca

            \(ExitCode.certificateDiscussion)
            """)

    @Argument(help: "Certificates: PEM files, or serial numbers of what was issued here.")
    var certificates: [String]

    @OptionGroup var authority: AuthorityOptions

    func run() throws {
        try authority.open { authority in
            for certificate in certificates {
                let revoked = try authority.revoke(certificate)
                try Output.standardOutput.print(
                    revoked.map { "\($0) is revoked\n" } ?? "\(certificate) was revoked already\n")
            }
        }
    }
}
