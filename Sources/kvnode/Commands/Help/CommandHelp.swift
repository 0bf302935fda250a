import Foundation

/// A command as ArgumentParser describes it, with those below it.
struct CommandHelp: Decodable {
    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String

            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        /// `positional`, `option` or `flag`.
        var kind: String
        var shouldDisplay: Bool
        var isOptional: Bool
        var isRepeating: Bool
        var names: [Name]?
        var valueName: String?
        var defaultValue: String?
        var allValues: [String]?
        var abstract: String?
    }

    var commandName: String
    var shouldDisplay: Bool
    var superCommands: [String]?
    var abstract: String?
    var discussion: String?
    var subcommands: [CommandHelp]?
    var arguments: [Argument]?

    private struct Dump: Decodable {
        var command: CommandHelp
    }

    /// - Parameter dump: What `--experimental-dump-help` prints.
    init(dump: String) throws { self = try JSONDecoder().decode(Dump.self, from: Data(dump.utf8)).command }

    /// With the commands above it.
    var path: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }

    /// Those below it that are shown, without `help`, which ArgumentParser puts below the first.
    var shown: [CommandHelp] { (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" } }

    /// All commands that do something by themselves, in the order of the help.
    var leaves: [CommandHelp] { shown.isEmpty ? [self] : shown.flatMap(\.leaves) }

    /// The shown arguments of its own: without those that all commands have.
    var own: [Argument] {
        (arguments ?? []).filter { one in
            one.shouldDisplay && !(one.names ?? []).contains { ["help", "version"].contains($0.name) }
        }
    }
}
