import ArgumentParser
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Messages

struct BucketCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bucket",
        abstract: "Look at and change the properties of buckets.",
        discussion: """
            A bucket is there as soon as it is named, with the properties that the nodes' configuration has in buckets; those that \
            are set hold on all nodes.

            Example: kvnode bucket set carts --n 3 --r 2 --w 2

            \(ExitCode.bucketDiscussion)
            """,
        subcommands: [BucketGetCommand.self, BucketSetCommand.self, BucketListCommand.self])
}

extension ExitCode {
    static let bucketDiscussion = """
        Exit codes: 0 done, 1 another failure, 4 too few nodes have confirmed a change, or the node can't be reached, 64 bad \
        arguments, or properties that don't fit together or the cluster, 141 nobody reads the output any more.
        """
}

extension ClusterOptions {
    typealias StoreClient = Kvnode_V1_KeyValue.Client<HTTP2ClientTransport.Posix>

    /// As `run`, for what the store itself is asked.
    func runOnStore<R: Sendable>(
        _ body: @Sendable (StoreClient, CallOptions) async throws -> R
    ) async throws -> R {
        try await connection.run { client, call in try await body(StoreClient(wrapping: client), call) }
    }

    func print(_ bucket: BucketOutput) throws {
        try Output.standardOutput.print(
            json ? try JSONText.encode(bucket) : BucketOutput.table([bucket]))
    }
}

/// A bucket's properties as they are printed: in JSON as HTTP has them.
struct BucketOutput: Encodable {
    var bucket: String
    var n, r, w: UInt32
    var conflict, quorum: String
    /// Seconds, 0 for never.
    var ttl: UInt32

    init(_ bucket: String, _ properties: Kvnode_V1_BucketProperties) {
        self.bucket = bucket
        n = properties.n
        r = properties.r
        w = properties.w
        conflict = properties.conflict == .lastWriteWins ? "last-write-wins" : "siblings"
        quorum = properties.quorum == .strict ? "strict" : "sloppy"
        ttl = properties.ttlSeconds
    }

    static func table(_ buckets: [BucketOutput]) -> String {
        let rows = buckets.map { one in
            [
                one.bucket, "\(one.n)", "\(one.r)", "\(one.w)", one.conflict, one.quorum,
                one.ttl == 0 ? "never" : "\(one.ttl) s",
            ]
        }
        return TextTable(
            ["bucket", "n", "r", "w", "conflict", "quorum", "expires"], rows, TextStyle(.standardOutput)
        ).text
    }
}
