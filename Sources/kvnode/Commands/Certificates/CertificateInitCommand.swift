import ArgumentParser
import TLS

struct CertificateInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a certificate authority for a cluster.",
        discussion: """
            Writes to --directory: ca.key, which signs and is to be kept secret, ca.pem, trust.pem, which nodes and clients are \
            to trust, and revoked.txt, which says what they are not to accept any more.

            Example: kvnode cert init --cluster shop --directory ca

            \(ExitCode.certificateDiscussion)
            """)

    @OptionGroup var authority: AuthorityOptions

    @Option(name: .long, help: "The cluster's name, as in cluster.name.")
    var cluster = "kvnode"

    @Option(name: .long, help: "How many days the authority is to count.")
    var days = 3_650

    func validate() throws {
        try CertificateDays.check(days)
        guard Setting.isName(cluster) else {
            throw ValidationError("--cluster is \"\(cluster)\", which is not \(Setting.nameRule)")
        }
    }

    func run() throws {
        let made = try AuthorityOptions.telling {
            try CertificateAuthority(
                creating: authority.directory, cluster: cluster, validity: .days(days))
        }
        try Output.standardOutput.print(
            "the authority of the cluster \(made.cluster) is in \(authority.directory); nodes and clients trust \(made.trustFile)\n"
        )
    }
}
