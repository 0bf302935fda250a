import ArgumentParser
import TLS

struct CertificateIssueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue",
        abstract: "Issue certificates to nodes, or to clients.",
        discussion: """
            Writes NAME.pem and NAME.key for each name to --out. A node's certificate says which node of which cluster it is, \
            which the other nodes go by, and at which hosts clients find it.

            Example: kvnode cert issue node0 node1 node2 --directory ca --host kvnode.example --out certs

            \(ExitCode.certificateDiscussion)
            """)

    @Argument(help: "Names of nodes, as in node.name, or with --client of clients.")
    var names: [String]

    @OptionGroup var authority: AuthorityOptions

    @Flag(name: .long, help: "The names are those of clients, which don't serve.")
    var client = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A DNS name or an address at which clients find the nodes; may come several times. (default: localhost, 127.0.0.1, ::1)",
            valueName: "host"))
    var host: [String] = []

    @Option(name: .long, help: ArgumentHelp("Where the files are written to.", valueName: "dir"))
    var out = "."

    @Option(name: .long, help: "How many days the certificates are to count.")
    var days = 365

    @Flag(name: .long, help: "Print JSON: one line for each certificate.")
    var json = false

    func validate() throws {
        try CertificateDays.check(days)
        for name in names where !Setting.isName(name) {
            throw ValidationError("the name \"\(name)\" is not \(Setting.nameRule)")
        }
        if client, !host.isEmpty { throw ValidationError("--host is for nodes: nobody calls a client") }
    }

    func run() throws {
        try authority.open { authority in
            for name in names {
                let request = CertificateRequest(
                    client ? .client : .node, name, hosts: hosts, validity: .days(days))
                try IssuedOutput.print(try authority.issue(request, into: out), json: json)
            }
        }
    }

    private var hosts: [String] {
        if client { return [] }
        return host.isEmpty ? ["localhost", "127.0.0.1", "::1"] : host
    }
}
