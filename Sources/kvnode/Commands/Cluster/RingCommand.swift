import ArgumentParser
import Foundation
import Messages
import SwiftProtobuf

struct RingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ring",
        abstract: "Show where a key or a partition lies, and what each replica holds of the key.",
        discussion: """
            Of a key, its replicas are asked, and nothing is repaired: values, their sizes and the writes that they came from \
            (dots), whether it is deleted, and what the replica has seen of it (its context). Values are not shown.

            Example: kvnode cluster ring alice --bucket carts

            \(ExitCode.clusterDiscussion)
            """)

    @Argument(help: "The key.")
    var key: String?

    @Option(name: .shortAndLong, help: "The key's bucket.")
    var bucket = "default"

    @Option(name: .long, help: ArgumentHelp("A partition instead of a key.", valueName: "number"))
    var partition: UInt32?

    @OptionGroup var options: ClusterOptions

    func validate() throws {
        if (key == nil) == (partition == nil) {
            throw ValidationError("give a key or --partition, one of them")
        }
    }

    func run() async throws {
        let request = Kvnode_V1_RingRequest.with {
            if let partition {
                $0.partition = partition
            } else {
                $0.key.bucket = bucket
                $0.key.key = Data((key ?? "").utf8)
                $0.withHoldings = true
            }
        }
        let reply = try await options.run { client, call in try await client.ring(request, options: call) }
        try options.print(reply, Self.text)
    }

    static func text(_ ring: Kvnode_V1_RingResponse) -> String {
        let lines =
            [
                "partition \(ring.partition), hashes \(hex(ring.firstHash)) to \(hex(ring.lastHash))",
                "replicas " + ring.replicas.joined(separator: ", "),
            ]
            + (ring.replicasAfter.isEmpty ? [] : ["after    " + ring.replicasAfter.joined(separator: ", ")])
            + (ring.replicasBefore.isEmpty ? [] : ["before   " + ring.replicasBefore.joined(separator: ", ")])
        let holdings = ring.holdings.isEmpty ? "" : "\n" + HoldingText.table(ring.holdings)
        return lines.map { $0 + "\n" }.joined() + holdings
    }

    private static func hex(_ hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
