import ArgumentParser
import Logging

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run a node.",
        discussion: """
            Every key of the configuration can be set in the file and by an environment variable, which wins: \
            engine.type is KVNODE_ENGINE_TYPE. `kvnode config` lists all keys. SIGTERM and SIGINT stop the node \
            once it has answered what it took.

            Exit codes: 0 stopped as told, 1 failed (the log says why), 78 the configuration is not valid.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(name: .long, help: .hidden)
    var stopWithStandardInput = false

    func run() async throws {
        let configuration = try options.load().configuration
        LoggingSystem.bootstrap { label in
            LineLogHandler(label: label, level: configuration.log.level, format: configuration.log.format)
        }
        if stopWithStandardInput { ParentWatch.start(stopTimeout: configuration.shutdownTimeout) }
        do {
            try await Node.run(configuration: configuration)
        } catch {
            Logger(label: "kvnode").critical("the node failed", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }
}
