import ArgumentParser
import Backup
import Engine
import Foundation

struct BackupVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Restore a backup into a scratch folder, and compare it with what the nodes had.",
        discussion: """
            Each node's part is brought, partition by partition, into an engine in a folder of its own, read back, and compared \
            with the sums that the node made while it read. Takes the time of a restore, and the room of one partition.

            Example: kvnode backup verify --from s3://shop-backups/kvnode

            \(ExitCode.backupDiscussion)
            """)

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var choice: BackupChoice

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The engine of the scratch folder, which need not be the nodes'. (default: the first that keeps files)",
            valueName: "engine"))
    var engine: String?

    @Option(
        name: .long, help: ArgumentHelp("Where to make the scratch folder.", valueName: "path"))
    var scratch = NSTemporaryDirectory()

    func validate() throws {
        if let engine, !EngineRegistry.names.contains(engine) {
            let reason = EngineRegistry.explainAbsence(of: engine, among: EngineRegistry.names)
            throw ValidationError("--engine is \"\(engine)\": \(reason)")
        }
    }

    func run() async throws {
        let display = PassDisplay()
        let (id, result) = try await archive.run { archive in
            let id = try await choice.find(in: archive)
            let set = try await archive.backup(id)
            let result = try await withScratch { engine in
                try await BackupVerification(of: archive, in: engine).run(set) { result, done, total in
                    display.show(
                        Double(done) / Double(max(1, total)), keys: result.rows,
                        "\(Quantity.count(result.rows, "key")), \(Quantity.bytes(Double(result.bytes)))")
                }
            }
            guard set.isComplete else {
                throw BackupError(
                    .incomplete,
                    "what is there of backup \(id) is as it was, but it lacks \(set.missing.joined(separator: ", "))"
                )
            }
            return (id, result)
        }
        display.end()
        if archive.json {
            let report = [
                "nodes": result.nodes, "partitions": result.partitions, "rows": result.rows,
                "bytes": result.bytes,
            ]
            return try Output.standardOutput.print(try JSONText.encode(report))
        }
        try Output.standardOutput.print(
            "backup \(id) is as it was: \(Quantity.count(result.nodes, "node")), \(Quantity.count(result.rows, "key")), "
                + "\(Quantity.bytes(Double(result.bytes)))\n")
    }

    /// An engine in a new folder, which is removed in the end.
    private func withScratch<R>(_ body: (any StorageEngine) async throws -> R) async throws -> R {
        let folder = URL(filePath: scratch, directoryHint: .isDirectory)
            .appending(path: "kvnode-verify-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // What is left of it is of no use to anybody.
        defer { try? FileManager.default.removeItem(at: folder) }
        let factory = EngineRegistry.all.first { $0.name == self.engine } ?? EngineRegistry.all[0]
        let engine = try factory.open(
            at: folder.appending(path: "engine").path(percentEncoded: false),
            options: try EngineOptions(factory.options, given: [:]))
        let result: R
        do {
            result = try await body(engine)
        } catch {
            // The first error is the one to tell.
            try? engine.close()
            throw error
        }
        try engine.close()
        return result
    }
}
