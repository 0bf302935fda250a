import ArgumentParser
import Foundation

/// Which configuration a command is about.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The YAML configuration file; without one, defaults and KVNODE_* variables. (environment: KVNODE_CONFIG)",
            valueName: "file"))
    var config: String?

    /// Reads all sources; what is wrong with them goes to standard error, and the process ends with 78.
    func load() throws -> LoadedConfiguration {
        do {
            return try LoadedConfiguration(
                path: config ?? ProcessInfo.processInfo.environment["KVNODE_CONFIG"])
        } catch let error as ConfigurationError {
            Output.standardError.write("kvnode: \(error)\n")
            throw ExitCode.badConfiguration
        }
    }
}

extension ExitCode {
    /// The configuration is not valid (EX_CONFIG of sysexits.h).
    static let badConfiguration = ExitCode(78)
}
