import ArgumentParser
import Engine

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Change the storage engine of a stopped node's data.",
        discussion: """
            Copies node.data_directory into a new folder of the other engine beside the old one, reads it back, compares \
            both, and then makes it the node's in one step. The options of both engines are those of the configuration, \
            such as engine.lmdb.map_size_bytes. After a clean stop the node goes on as if nothing had been. It may be \
            ended at any moment: until that step the node has its old engine, and a later call begins anew.

            The old engine's files are kept, as a second copy that takes as much disk, until --remove-old: with the \
            change itself, or by a later call, for which the node may run. The node never uses them again.

            Example: kvnode engine migrate --config node.yaml --to lmdb

            Exit codes: 0 done, 1 failed, 2 the data is that engine's already (and --remove-old was not given), 3 a node \
            or another migration has the directory, 4 the disk, or the size that is set for the engine, is used up, \
            64 bad arguments, 78 the configuration is not valid, 141 nobody reads the output any more. Whatever fails, \
            all of the data is there, and the old engine's unless it is said to be the new one's.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(
        name: .long,
        help: ArgumentHelp("The engine that the data is to have. (default: engine.type)", valueName: "engine")
    )
    var to: String?

    @Flag(name: .long, help: "Remove what the old engine, and earlier ones, have left.")
    var removeOld = false

    @Flag(name: .long, help: "Print JSON, errors included.")
    var json = false

    func validate() throws {
        if let to, !EngineRegistry.names.contains(to) {
            let reason = EngineRegistry.explainAbsence(of: to, among: EngineRegistry.names)
            throw ValidationError("--to is \"\(to)\": \(reason)")
        }
    }

    func run() throws {
        let loaded = try options.load()
        let settings = loaded.configuration.engine
        let factory = EngineRegistry.all.first { $0.name == to } ?? settings.factory
        do {
            let report = try Self.migrate(loaded, to: factory, removeOld: removeOld)
            try Output.standardOutput.print(json ? try JSONText.encode(report) : report.text)
        } catch let error as EngineChangeError {
            if error.kind == .nothingToDo, removeOld {
                return try removeOld(in: loaded.configuration.node.dataDirectory)
            }
            throw try tell(error, engineType: settings.type)
        } catch let error as ExitCode {
            throw error
        } catch {
            throw try tell(EngineChangeError(.failed, "\(error)"), engineType: settings.type)
        }
    }

    private static func migrate(
        _ loaded: LoadedConfiguration, to factory: any EngineFactory.Type, removeOld: Bool
    ) throws -> MigrationReport {
        let begun = ContinuousClock.now
        let path = loaded.configuration.node.dataDirectory
        let migration = try EngineMigration(
            path, to: factory, engines: EngineRegistry.all, options: loaded.values.options(of:))
        let display = ProgressDisplay()
        let keepsIdentity: Bool
        do {
            try migration.check(against: loaded.configuration.clusterConfiguration())
            try display.during(migration.copy)
            try display.during(migration.verify)
            keepsIdentity = try migration.handOver()
            try migration.commit()
        } catch {
            // The first error is the one to tell; a later call removes what this one does not.
            try? migration.abandon()
            throw EngineChangeError(error, to: factory.name, in: path)
        }
        try migration.close()
        var report = MigrationReport(
            migration, keepsIdentity: keepsIdentity, engineType: loaded.configuration.engine.type)
        if removeOld {
            report.removed = try EngineMigration.removeOld(in: path)
            report.kept = []
        }
        report.seconds = (ContinuousClock.now - begun) / .seconds(1)
        return report
    }

    private func removeOld(in path: String) throws {
        do {
            let removed = try EngineMigration.removeOld(in: path)
            if json { return try Output.standardOutput.print(try JSONText.encode(["removed": removed])) }
            let lines = removed.map { "\($0) is removed\n" }
            try Output.standardOutput.print(
                lines.isEmpty ? "nothing of an earlier engine is left in \(path)\n" : lines.joined())
        } catch let error as EngineChangeError {
            throw try tell(error, engineType: nil)
        }
    }

    /// Says why nothing was done, and answers with the exit code that it stands for.
    private func tell(_ error: EngineChangeError, engineType: String?) throws -> ExitCode {
        var error = error
        if error.kind == .nothingToDo, to == nil, let engineType {
            error.description += ", which engine.type names (\(engineType)): name the other one with --to"
        }
        return try error.tell(asJSON: json)
    }
}
