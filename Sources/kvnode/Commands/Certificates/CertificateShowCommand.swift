import ArgumentParser
import Foundation
import TLS

struct CertificateShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Say what certificates hold, and what is wrong with them.",
        discussion: """
            Example: kvnode cert show certs/node0.pem

            \(ExitCode.certificateDiscussion)
            """)

    @Argument(help: "Certificates, as PEM files.")
    var files: [String]

    @Option(
        name: .long,
        help: ArgumentHelp("The private key that is to belong to the certificate.", valueName: "file"))
    var key: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The authorities of which one is to have issued it.", valueName: "file"))
    var trust: String?

    @Option(name: .long, help: ArgumentHelp("The list of revoked certificates.", valueName: "file"))
    var revoked: String?

    @Flag(name: .long, help: "Print JSON: a list with an object for each file.")
    var json = false

    func validate() throws {
        if key != nil, files.count > 1 { throw ValidationError("--key is for one certificate") }
    }

    func run() async throws {
        var reports: [CertificateReport] = []
        do {
            for file in files {
                reports.append(
                    try await CertificateReport(file, keyFile: key, trustRoots: trust, revoked: revoked))
            }
        } catch {
            Output.standardError.write("kvnode: \(error)\n")
            throw ExitCode.failure
        }
        try Output.standardOutput.print(
            json
                ? try JSONText.encode(reports.map(Shown.init))
                : zip(files, reports).map { Self.text($0, $1) }.joined(separator: "\n"))
        if reports.contains(where: { !$0.problems.isEmpty }) { throw ExitCode.attention }
    }

    private static func text(_ file: String, _ report: CertificateReport) -> String {
        let rows = [
            ("subject", report.subject), ("identity", report.identity ?? "none of a cluster of kvnode"),
            ("hosts", report.hosts.isEmpty ? "none" : report.hosts.joined(separator: ", ")),
            ("issuer", report.issuer), ("serial", report.serial),
            ("valid", "\(report.from.formatted(.iso8601)) to \(report.until.formatted(.iso8601))"),
            ("sha256", report.fingerprint),
        ]
        return "\(file)\n"
            + rows.map { "  \($0.padding(toLength: 8, withPad: " ", startingAt: 0))  \($1)\n" }.joined()
            + report.problems.map { "! \($0)\n" }.joined()
    }

    private struct Shown: Encodable {
        var subject, issuer, serial: String
        var identity: String?
        var hosts: [String]
        var validFrom, validUntil, sha256: String
        var problems: [String]

        enum CodingKeys: String, CodingKey {
            case subject, issuer, serial, identity, hosts, sha256, problems
            case validFrom = "valid_from"
            case validUntil = "valid_until"
        }

        init(_ report: CertificateReport) {
            subject = report.subject
            issuer = report.issuer
            serial = report.serial
            identity = report.identity
            hosts = report.hosts
            validFrom = report.from.formatted(.iso8601)
            validUntil = report.until.formatted(.iso8601)
            sha256 = report.fingerprint
            problems = report.problems
        }
    }
}
