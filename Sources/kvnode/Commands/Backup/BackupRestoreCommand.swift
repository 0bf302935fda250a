import ArgumentParser
import Backup
import GRPCCore
import Messages
import ObjectStorage

struct BackupRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring a backup to a cluster that runs.",
        discussion: """
            Reads the backup here, and sends each key, with its siblings and its context, through the node that is asked to all \
            of the key's replicas. The cluster may be of any size and have any engines. It may be used meanwhile; until the end, \
            keys are missing. Properties that were set for buckets are set again.

            Where the cluster has keys in a bucket that comes, nothing is done unless --merge says so; nor where it has \
            traces of keys that were deleted, by which the backup's would stay deleted. A restore that was ended \
            goes on where it is asked for again.

            Example: kvnode backup restore --from s3://shop-backups/kvnode --at 2026-11-28T03:00:00Z

            \(ExitCode.backupDiscussion)
            """)

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var choice: BackupChoice
    @OptionGroup var nodes: NodesOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Only this bucket; may be given several times.", valueName: "name"))
    var bucket: [String] = []

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "What the one bucket is to be called, to look at it beside what is there.", valueName: "name"))
    var newName: String?

    @Flag(name: .long, help: "Join the backup's keys with those that are there.")
    var merge = false

    @Flag(
        name: .long, help: "Take a backup that lacks nodes: writes that only they had stored stay missing.")
    var partial = false

    @Option(
        name: .long,
        help: ArgumentHelp("How many requests of rows are under way at a time, at most.", valueName: "number")
    )
    var concurrency = RestoreRun.Limits().concurrency

    @Option(
        name: .long,
        help: ArgumentHelp(
            "How often a request is sent, at most, where nodes are busy or can't be reached.",
            valueName: "number"))
    var attempts = RestoreRun.Limits().attempts

    func validate() throws {
        guard (1...64).contains(concurrency) else { throw ValidationError("--concurrency is 1 to 64") }
        guard (1...100).contains(attempts) else { throw ValidationError("--attempts is 1 to 100") }
        if newName != nil, bucket.count != 1 { throw ValidationError("--as goes with one --bucket") }
        guard try nodes.addresses.count == 1 else {
            throw ValidationError("a restore goes through one node: give one --endpoint")
        }
    }

    private struct Report: Encodable {
        var id: String
        var rows: Int
    }

    func run() async throws {
        let display = PassDisplay()
        let report = try await archive.run { archive in
            let id = try await choice.find(in: archive)
            let reader = try await BackupReader(
                id, in: archive, buckets: bucket.isEmpty ? nil : Set(bucket), allowsMissing: partial)
            return Report(id: id, rows: try await restore(reader, archive.store.location, display))
        }
        display.end()
        if archive.json { return try Output.standardOutput.print(try JSONText.encode(report)) }
        try Output.standardOutput.print(
            "backup \(report.id) is restored: \(Quantity.count(report.rows, "key"))\n")
    }

    private func restore(
        _ reader: BackupReader, _ place: String, _ display: PassDisplay
    ) async throws -> Int {
        let (buckets, newName, merge) = (bucket.isEmpty ? nil : Set(bucket), newName, merge)
        let limits = RestoreRun.Limits(concurrency: concurrency, attempts: attempts)
        return try await nodes.connection(to: nodes.addresses[0], json: archive.json).run { client, call in
            let run = RestoreRun(
                buckets: buckets, newName: newName, merges: merge, place: place, limits: limits,
                keyValue: .init(wrapping: client), cluster: .init(wrapping: client),
                backup: .init(wrapping: client), call: call)
            return try await run.run(reader) { rows, done, total in
                display.show(Double(done) / Double(total), keys: rows, Quantity.count(rows, "key"))
            }
        }
    }
}
