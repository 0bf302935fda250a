import ArgumentParser
import Messages
import SwiftProtobuf

struct BucketGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show the properties in force for a bucket.",
        discussion: """
            What was set for it, or else the defaults of the asked node.

            Example: kvnode bucket get carts --json

            \(ExitCode.bucketDiscussion)
            """)

    @Argument(help: "The bucket.")
    var bucket: String

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let bucket = bucket
        let properties = try await options.runOnStore { client, call in
            try await client.getBucketProperties(.with { $0.bucket = bucket }, options: call)
        }
        try options.print(BucketOutput(bucket, properties))
    }
}

struct BucketSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set properties of a bucket, on all nodes.",
        discussion: """
            What is left out stays as it is. Prints all properties afterwards.

            Example: kvnode bucket set sessions --conflict last-write-wins --ttl 3600

            \(ExitCode.bucketDiscussion)
            """)

    enum Conflict: String, ExpressibleByArgument, CaseIterable {
        case siblings
        case lastWriteWins = "last-write-wins"
    }

    enum Quorum: String, ExpressibleByArgument, CaseIterable {
        case sloppy, strict
    }

    @Argument(help: "The bucket.")
    var bucket: String

    @Option(name: .long, help: ArgumentHelp("Replicas of each key.", valueName: "count"))
    var n: UInt32?

    @Option(name: .long, help: ArgumentHelp("Replicas that must answer a read.", valueName: "count"))
    var r: UInt32?

    @Option(name: .long, help: ArgumentHelp("Replicas that must store a write.", valueName: "count"))
    var w: UInt32?

    @Option(name: .long, help: "What becomes of concurrent writes.")
    var conflict: Conflict?

    @Option(name: .long, help: "Whether only the key's own replicas count for a quorum.")
    var quorum: Quorum?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Seconds until a value expires whose put says nothing; 0 for never.", valueName: "seconds"))
    var ttl: UInt32?

    @OptionGroup var options: ClusterOptions

    func validate() throws {
        guard n ?? r ?? w ?? ttl == nil, conflict == nil, quorum == nil else { return }
        throw ValidationError("say what to set: --n, --r, --w, --conflict, --quorum or --ttl")
    }

    func run() async throws {
        let request = Kvnode_V1_SetBucketPropertiesRequest.with {
            $0.bucket = bucket
            $0.properties = changes
        }
        let properties = try await options.runOnStore { client, call in
            try await client.setBucketProperties(request, options: call)
        }
        try options.print(BucketOutput(bucket, properties))
    }

    private var changes: Kvnode_V1_BucketProperties {
        var changes = Kvnode_V1_BucketProperties()
        if let n { changes.n = n }
        if let r { changes.r = r }
        if let w { changes.w = w }
        if let ttl { changes.ttlSeconds = ttl }
        switch conflict {
        case .siblings: changes.conflict = .siblings
        case .lastWriteWins: changes.conflict = .lastWriteWins
        case nil: break
        }
        switch quorum {
        case .sloppy: changes.quorum = .sloppy
        case .strict: changes.quorum = .strict
        case nil: break
        }
        return changes
    }
}

struct BucketListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the buckets that have properties of their own.",
        discussion: """
            Buckets that go by the defaults are not known by name, so none of them is listed.

            Example: kvnode bucket list

            \(ExitCode.bucketDiscussion)
            """)

    @OptionGroup var options: ClusterOptions

    func run() async throws {
        let reply = try await options.run { client, call in
            try await client.listBuckets(.init(), options: call)
        }
        let buckets = reply.buckets.map { BucketOutput($0.name, $0.properties) }
        try Output.standardOutput.print(
            options.json ? try JSONText.encode(["buckets": buckets]) : BucketOutput.table(buckets))
    }
}
