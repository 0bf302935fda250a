import ArgumentParser
import Engine

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Save what can be read of a stopped node's damaged files.",
        discussion: """
            Reads the engine's files in node.data_directory past what is damaged. Files that the engine does not open, its \
            library puts together first. What can be read is copied into a new folder beside them, read back, and made the \
            node's in one step. The damaged files are kept. It may be ended at any moment: until that step nothing is \
            changed, and a later call begins anew.

            The node cannot vouch for such data. When it starts, it declares itself lost, takes writes, copies from its \
            peers what it lacks, and is read from once it has everything. Repair one node at a time: what all replicas of \
            a key have lost is gone.

            Example: kvnode engine repair --config node.yaml --dry-run

            Exit codes: 0 done, or with --dry-run: there is damage, 1 failed, 2 nothing is damaged, 3 a node or another \
            change has the directory, 4 the disk, or the size that is set for the engine, is used up, 64 bad arguments, \
            78 the configuration is not valid, 141 nobody reads the output any more. Whatever fails, the files are as \
            they were.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(name: .long, help: "Only say what can be read.")
    var dryRun = false

    @Flag(name: .long, help: "Print JSON, errors included.")
    var json = false

    func run() throws {
        let loaded = try options.load()
        do {
            let report = try repair(loaded)
            try Output.standardOutput.print(json ? try JSONText.encode(report) : report.text)
        } catch let error as EngineChangeError {
            throw try error.tell(asJSON: json)
        } catch let error as ExitCode {
            throw error
        } catch {
            throw try EngineChangeError(.failed, "\(error)").tell(asJSON: json)
        }
    }

    private func repair(_ loaded: LoadedConfiguration) throws -> RepairReport {
        let begun = ContinuousClock.now
        let path = loaded.configuration.node.dataDirectory
        let cluster = try loaded.configuration.clusterConfiguration()
        let repair = try EngineRepair(path, engines: EngineRegistry.all, options: loaded.values.options(of:))
        let display = ProgressDisplay()
        let identityKnown: Bool
        do {
            identityKnown = try repair.check(against: cluster)
            try display.during(repair.survey)
            guard repair.isDamaged else {
                throw EngineChangeError(
                    .nothingToDo, "all that \(path) holds can be read: nothing is damaged")
            }
            if !dryRun {
                try display.during(repair.copy)
                try display.during(repair.verify)
                try repair.disown(cluster)
                try repair.commit()
            }
        } catch {
            // The first error is the one to tell; a later call removes what this one does not.
            try? repair.end()
            throw EngineChangeError(error, to: repair.goal.engine, in: path)
        }
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        let report = RepairReport(
            repair, isRepaired: !dryRun, identityKnown: identityKnown, seconds: seconds)
        // With --dry-run, what was put together to be read goes as well.
        try repair.end()
        return report
    }
}
