import ArgumentParser
import Backup
import Foundation

struct BackupPruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove old backups, and what no backup needs any more.",
        discussion: """
            The newest backup of each node stays whatever is asked, as the next is made of it. What was begun and not ended goes \
            when it is a day old. May be ended at any moment, and called again.

            Example: kvnode backup prune --from s3://shop-backups/kvnode --keep 7

            \(ExitCode.backupDiscussion)
            """)

    @OptionGroup var archive: ArchiveOptions

    @Option(
        name: .long, help: ArgumentHelp("How many complete backups stay, the newest.", valueName: "count"))
    var keep: Int

    @Flag(name: .long, help: "Say what would be removed, and remove nothing.")
    var dryRun = false

    func validate() throws {
        guard keep >= 1 else { throw ValidationError("--keep is at least 1") }
    }

    private struct Report: Encodable {
        var removed: [String]
        var objects: Int
        var bytes: Int
    }

    func run() async throws {
        let report = try await archive.run { archive in
            let pruning = try await archive.pruning(
                keeping: keep, now: Int64(Date.now.timeIntervalSince1970))
            if !dryRun { try await archive.remove(pruning) }
            return Report(removed: pruning.backups, objects: pruning.objects, bytes: pruning.bytes)
        }
        if archive.json { return try Output.standardOutput.print(try JSONText.encode(report)) }
        let verb = dryRun ? "would be removed" : "removed"
        let names = report.removed.isEmpty ? "no backup" : report.removed.joined(separator: ", ")
        try Output.standardOutput.print(
            "\(verb): \(names); \(Quantity.count(report.objects, "object")), \(Quantity.bytes(Double(report.bytes))) of blocks\n"
        )
    }
}
