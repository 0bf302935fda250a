import ArgumentParser
import Backup
import Foundation
import GRPCCore
import Messages
import ObjectStorage
import SwiftProtobuf

struct BackupCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Back up the nodes that are named, and wait for the end.",
        discussion: """
            Each node reads its own data, without stopping to serve, and sends what its last backup has not to the place, as \
            it sees that: file:///folder is a folder of the node's. Key, limits and S3's settings are those of the node's \
            configuration. A backup that was ended early goes on where it was if it is asked for again by its name.

            What was written before the first node began is in a backup that has a part of each member. Ending this command \
            does not end the backup: kvnode backup cancel does.

            Example: kvnode backup create --to s3://shop-backups/kvnode --endpoint 10.0.0.1:7400,10.0.0.2:7400,10.0.0.3:7400

            \(ExitCode.backupDiscussion)
            """)

    private static let interval = Duration.milliseconds(250)

    @OptionGroup var nodes: NodesOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where to, as the nodes see it: s3://bucket/prefix or file:///folder. (default: backup.to of each node)",
            valueName: "place"))
    var to: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What it is called. (default: the time, like 2026-11-28-030000)", valueName: "name"))
    var id: String?

    @Flag(name: .long, help: "Print JSON, errors included: one line for each node.")
    var json = false

    func validate() throws {
        guard let to else { return }
        do throws(ObjectStoreError) {
            _ = try ObjectStoreLocation(to)
        } catch {
            throw ValidationError(error.message)
        }
    }

    func run() async throws {
        let id = id ?? Self.defaultName
        let display = BackupDisplay()
        let command = self
        let addresses = try nodes.addresses
        // Each to its end, whatever becomes of the others.
        let outcomes = await withTaskGroup(of: Result<Kvnode_V1_BackupStatus, any Error>.self) { group in
            for address in addresses {
                group.addTask {
                    do {
                        return .success(try await command.backUp(address, id, display))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        display.end()
        let reports = outcomes.compactMap { try? $0.get() }.sorted { $0.node < $1.node }
        for report in reports { try tell(report) }
        for case .failure(let error) in outcomes { throw error }
        // A node that had its part already has it, where others have made theirs now.
        let had = reports.contains { $0.state == .done } ? BackupError.Code.occupied.rawValue : nil
        if let failed = reports.first(where: { $0.state != .done && $0.reason != had }) {
            throw Self.exitCode(of: failed)
        }
        let missing = Set(reports.flatMap(\.members)).subtracting(reports.map(\.node)).sorted()
        guard missing.isEmpty else {
            Output.standardError.write(
                "kvnode: backup \(id) lacks \(missing.joined(separator: ", ")): name their endpoints, too, with --id \(id)\n"
            )
            throw ExitCode.conditionFailed
        }
    }

    /// What has become of a node's part: on standard error if nothing has.
    private func tell(_ report: Kvnode_V1_BackupStatus) throws {
        if json { return try Output.standardOutput.print(try ProtoJSON.text(report)) }
        let line = BackupText.line(of: report)
        if report.state == .done { return try Output.standardOutput.print(line) }
        Output.standardError.write("kvnode: \(line)")
    }

    private static func exitCode(of report: Kvnode_V1_BackupStatus) -> ExitCode {
        BackupError.Code(rawValue: report.reason)?.exitCode ?? .failure
    }

    /// To the second, UTC.
    private static var defaultName: String {
        Date.now.ISO8601Format().replacingOccurrences(of: "T", with: "-").filter { $0 != ":" && $0 != "Z" }
    }

    private func backUp(
        _ address: HostPort, _ id: String, _ display: BackupDisplay
    ) async throws -> Kvnode_V1_BackupStatus {
        try await nodes.run(at: address, json: json) { client, call in
            var status = try await client.begin(
                .with {
                    $0.id = id
                    $0.to = to ?? ""
                }, options: call)
            while status.state == .running {
                display.show(status)
                try await Task.sleep(for: Self.interval)
                do {
                    status = try await client.getStatus(.init(), options: call)
                } catch let error as RPCError where error.code == .resourceExhausted {
                    // The node is busy with its clients.
                }
            }
            display.show(status)
            return status
        }
    }
}

struct BackupStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the backup that nodes are at, or the last since their start.",
        discussion: """
            Example: kvnode backup status --endpoint 10.0.0.1:7400

            \(ExitCode.backupDiscussion)
            """)

    @OptionGroup var nodes: NodesOptions

    @Flag(name: .long, help: "Print JSON, errors included: one line for each node.")
    var json = false

    func run() async throws {
        for address in try nodes.addresses {
            let status = try await nodes.run(at: address, json: json) { client, call in
                try await client.getStatus(.init(), options: call)
            }
            try Output.standardOutput.print(json ? try ProtoJSON.text(status) : BackupText.line(of: status))
        }
    }
}

struct BackupCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End the backup that nodes are at; nothing of it counts as a backup.",
        discussion: """
            Example: kvnode backup cancel --endpoint 10.0.0.1:7400

            \(ExitCode.backupDiscussion)
            """)

    @OptionGroup var nodes: NodesOptions

    @Flag(name: .long, help: "Print JSON, errors included: one line for each node.")
    var json = false

    func run() async throws {
        for address in try nodes.addresses {
            let status = try await nodes.run(at: address, json: json) { client, call in
                try await client.cancel(.init(), options: call)
            }
            try Output.standardOutput.print(json ? try ProtoJSON.text(status) : BackupText.line(of: status))
        }
    }
}
