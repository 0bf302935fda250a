import ArgumentParser
import GRPCCore
import Messages
import SwiftProtobuf

/// What can be changed while a node runs.
enum RuntimeSetting: String, ExpressibleByArgument, CaseIterable {
    case logLevel = "log.level"

    static let discussion = """
        What can be looked at and changed so is log.level. A change is this node's alone and ends with its process.

        \(ExitCode.clusterDiscussion)
        """
}

struct ConfigGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Print what a running node goes by.",
        discussion: """
            Example: kvnode config get log.level

            \(RuntimeSetting.discussion)
            """)

    @OptionGroup var options: ClusterOptions

    @Argument(help: "log.level")
    var setting: RuntimeSetting

    func run() async throws {
        let levels = try await options.runOnNode { client, call in
            try await client.getLogLevels(.init(), options: call)
        }
        try options.print(levels, LogLevelText.of)
    }
}

struct ConfigSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Have a running node go by another value.",
        discussion: """
            Example: kvnode config set log.level debug --logger peers --for 10m

            \(RuntimeSetting.discussion)
            """)

    @OptionGroup var options: ClusterOptions

    @Argument(help: "log.level")
    var setting: RuntimeSetting

    @Argument(
        help: "The least severe events that are logged: trace, debug, info, notice, warning, error, critical."
    )
    var value: String

    @Option(
        name: .long,
        help: ArgumentHelp("Of one logger alone; kvnode config get names them.", valueName: "name"))
    var logger: String?

    @Option(
        name: [.customLong("for")],
        help: ArgumentHelp(
            "Go back to what is configured after so long, such as 30s, 10m or 2h; a day at most.",
            valueName: "time"))
    var duration: TimeSpan?

    func validate() throws {
        guard SettingTable()[setting.rawValue]?.kind.parse(value) == nil else { return }
        let accepted = SettingTable()[setting.rawValue]?.kind.accepted ?? "another value"
        throw ValidationError("\(setting.rawValue) is \"\(value)\", but takes \(accepted)")
    }

    func run() async throws {
        let command = self
        let levels = try await options.runOnNode { client, call in
            try await client.setLogLevel(
                .with {
                    $0.level = command.value
                    $0.logger = command.logger ?? ""
                    $0.forMs = command.duration?.milliseconds ?? 0
                }, options: call)
        }
        try options.print(levels, LogLevelText.of)
    }
}

struct ConfigResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Have a running node go by its configuration again.",
        discussion: """
            Example: kvnode config reset log.level

            \(RuntimeSetting.discussion)
            """)

    @OptionGroup var options: ClusterOptions

    @Argument(help: "log.level")
    var setting: RuntimeSetting

    @Option(name: .long, help: ArgumentHelp("Of one logger alone.", valueName: "name"))
    var logger: String?

    func run() async throws {
        let command = self
        let levels = try await options.runOnNode { client, call in
            try await client.setLogLevel(.with { $0.logger = command.logger ?? "" }, options: call)
        }
        try options.print(levels, LogLevelText.of)
    }
}

/// The levels of a node's loggers, for people.
enum LogLevelText {
    static func of(_ levels: Kvnode_V1_LogLevels) -> String {
        let rows = levels.loggers.map { [$0.logger, $0.level, end(of: $0)] }
        return "log.level is configured as \(levels.configured)\n\n"
            + TextTable(["logger", "level", "as configured again"], rows).text
    }

    /// When the level is as configured again; a dash if it is.
    static func end(of one: Kvnode_V1_LoggerLevel) -> String {
        guard one.changed else { return "-" }
        return one.hasEndsInMs ? "in \(Quantity.duration(millis: one.endsInMs))" : "with the next start"
    }
}
