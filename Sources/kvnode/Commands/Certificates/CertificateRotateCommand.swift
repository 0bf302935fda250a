import ArgumentParser
import TLS

struct CertificateRotateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Replace certificates, or the authority.",
        discussion: """
            With names: new certificates for new keys in the place of NAME.pem and NAME.key in --in, with the same names in \
            them. Nodes that use these files take them up while they run.

            With --authority: a new authority in the place of the old one. trust.pem holds both from then on, so that certificates \
            of either count: give it to all nodes and clients, rotate all their certificates, and end with --forget, after which \
            trust.pem holds the new one alone.

            Example: kvnode cert rotate node0 node1 node2 --directory ca --in certs

            \(ExitCode.certificateDiscussion)
            """)

    @Argument(help: "Names of nodes or clients.")
    var names: [String] = []

    @OptionGroup var authority: AuthorityOptions

    @Option(name: .customLong("in"), help: ArgumentHelp("Where the files are.", valueName: "dir"))
    var folder = "."

    @Flag(name: .customLong("authority"), help: "Replace the authority, and trust both.")
    var replacesAuthority = false

    @Flag(name: .long, help: "Trust no authority any more but the present one.")
    var forget = false

    @Option(name: .long, help: "How many days what is new is to count. (default: 365, an authority 3650)")
    var days: Int?

    @Flag(name: .long, help: "Print JSON: one line for each certificate.")
    var json = false

    func validate() throws {
        try CertificateDays.check(days ?? 1)
        guard [!names.isEmpty, replacesAuthority, forget].count(where: { $0 }) == 1 else {
            throw ValidationError("give either names, or --authority, or --forget")
        }
    }

    func run() throws {
        try authority.open { authority in
            if replacesAuthority {
                try authority.replace(validity: .days(days ?? 3_650))
                return try tell(
                    "a new authority issues from now on; \(authority.trustFile) holds both",
                    authority.trustFile)
            }
            if forget {
                try authority.forgetFormer()
                return try tell(
                    "\(authority.trustFile) holds the present authority alone", authority.trustFile)
            }
            for name in names {
                let issued = try authority.renew(name, in: folder, validity: .days(days ?? 365))
                try IssuedOutput.print(issued, json: json)
            }
        }
    }

    private func tell(_ text: String, _ trustFile: String) throws {
        try Output.standardOutput.print(
            json ? try JSONText.line(["trust_file": trustFile]) : text + "\n")
    }
}
