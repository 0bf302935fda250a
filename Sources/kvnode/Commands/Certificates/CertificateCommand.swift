import ArgumentParser
import Foundation
import TLS

struct CertificateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cert",
        abstract: "Make and look after certificates for nodes and clients.",
        discussion: """
            A certificate authority of your own, in a directory: for development, and for clusters that have no other. Nodes \
            take certificates of any authority, as long as they name the node: as the URI kvnode://CLUSTER/node/NAME among \
            the subject alternative names.

            \(ExitCode.certificateDiscussion)
            """,
        subcommands: [
            CertificateInitCommand.self, CertificateIssueCommand.self, CertificateRotateCommand.self,
            CertificateShowCommand.self, CertificateRevokeCommand.self,
        ])
}

extension ExitCode {
    static let certificateDiscussion = """
        Exit codes: 0 done, 1 failed, 2 show has found something wrong with a certificate, 64 bad arguments, 141 nobody \
        reads the output any more.
        """
}

/// Which authority a command is about.
struct AuthorityOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The directory of the authority.", valueName: "dir"))
    var directory = "kvnode-ca"

    /// What `body` does with the authority; what goes wrong is said, and becomes the process's exit code.
    func open<R>(_ body: (inout CertificateAuthority) throws -> R) throws -> R {
        try Self.telling {
            var authority = try CertificateAuthority(opening: directory)
            return try body(&authority)
        }
    }

    /// Runs `body`; what goes wrong is said, and becomes the process's exit code.
    static func telling<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as ExitCode {
            throw error
        } catch {
            Output.standardError.write("kvnode: \(error)\n")
            throw ExitCode.failure
        }
    }
}

/// How long a certificate is to count.
enum CertificateDays {
    static let range = 1...36_500

    static func check(_ days: Int) throws {
        guard range.contains(days) else {
            throw ValidationError("--days is \(days), but takes \(range.lowerBound) to \(range.upperBound)")
        }
    }
}

extension CertificateAuthority.Issued {
    var text: String {
        "\(certificateFile), \(keyFile): serial \(serial), until \(until.formatted(.iso8601))\n"
    }
}

/// Certificates that were issued, as they are printed.
struct IssuedOutput: Encodable {
    var certificateFile, keyFile, serial, validUntil: String

    enum CodingKeys: String, CodingKey {
        case serial
        case certificateFile = "certificate_file"
        case keyFile = "key_file"
        case validUntil = "valid_until"
    }

    init(_ issued: CertificateAuthority.Issued) {
        certificateFile = issued.certificateFile
        keyFile = issued.keyFile
        serial = "\(issued.serial)"
        validUntil = issued.until.formatted(.iso8601)
    }

    /// - Parameter json: One line for each then.
    static func print(_ issued: CertificateAuthority.Issued, json: Bool) throws {
        try Output.standardOutput.print(json ? try JSONText.line(IssuedOutput(issued)) : issued.text)
    }
}
