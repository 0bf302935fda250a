import ArgumentParser
import ClusterCore

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print kvnode's version, its engines, and the formats that it speaks.",
        discussion: """
            Nodes talk to each other if their peer protocols are the same. A node takes the data of every format up to its own.

            Example: kvnode version --json

            \(ExitCode.plainDiscussion)
            """)

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        var version = Version.current
        var engines = EngineRegistry.names
        var peerProtocol = Int(PeerCodec.protocolVersion)
        var dataFormat = DataMarker.newestFormat
        var api = "kvnode.v1"

        enum CodingKeys: String, CodingKey {
            case version, engines, api
            case peerProtocol = "peer_protocol"
            case dataFormat = "data_format"
        }
    }

    func run() throws {
        let report = Report()
        try Output.standardOutput.print(
            json
                ? try JSONText.encode(report)
                : """
                kvnode \(report.version)
                engines        \(report.engines.joined(separator: ", "))
                peer protocol  \(report.peerProtocol)
                data format    \(report.dataFormat)
                API            \(report.api)

                """)
    }
}

extension ExitCode {
    /// For the help of commands that ask nobody.
    static let plainDiscussion =
        "Exit codes: 0 done, 1 failed, 64 bad arguments, 141 nobody reads the output any more."
}
