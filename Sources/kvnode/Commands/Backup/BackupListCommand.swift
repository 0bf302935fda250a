import ArgumentParser
import Backup
import Foundation

struct BackupListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the backups that there are, the oldest first.",
        discussion: """
            Example: kvnode backup list --from s3://shop-backups/kvnode

            \(ExitCode.backupDiscussion)
            """)

    @OptionGroup var archive: ArchiveOptions

    func run() async throws {
        let sets = try await archive.run { try await $0.backups() }
        if archive.json {
            return try Output.standardOutput.print(try JSONText.encode(sets.map(BackupSummary.init)))
        }
        if sets.isEmpty { return try Output.standardOutput.print("there are no backups\n") }
        let rows = sets.map { set in
            [
                set.id, BackupSummary(set).state, set.beganMillis.map(BackupSummary.time) ?? "",
                "\(set.manifests.count)", "\(set.rows)", Quantity.bytes(Double(set.bytes)),
                Quantity.bytes(Double(set.sentBytes)),
            ]
        }
        let heading = ["BACKUP", "STATE", "BEGUN", "NODES", "KEYS OF ALL", "SIZE OF ALL", "SENT"]
        try Output.standardOutput.print(TextTable(heading, rows).text)
    }
}

/// A backup as it is printed.
struct BackupSummary: Encodable {
    var id: String
    var complete: Bool
    /// Members that have no part in it, and those of them that have begun.
    var missing: [String]
    var begun: [String]
    /// Those whose manifest cannot be read.
    var damaged: [String]
    var nodes: [String]
    var beganMillis: UInt64?
    var endedMillis: UInt64?
    /// Those of all nodes: a key counts for each of its replicas.
    var rows: Int
    var bytes: Int
    var sentBytes: Int

    enum CodingKeys: String, CodingKey {
        case id, complete, missing, begun, damaged, nodes, rows, bytes
        case beganMillis = "began_ms"
        case endedMillis = "ended_ms"
        case sentBytes = "sent_bytes"
    }

    init(_ set: BackupSet) {
        id = set.id
        complete = set.isComplete
        missing = set.missing
        begun = set.begun
        damaged = set.damaged.keys.sorted()
        nodes = set.manifests.map(\.node)
        beganMillis = set.beganMillis
        endedMillis = set.endedMillis
        rows = set.rows
        bytes = set.bytes
        sentBytes = set.sentBytes
    }

    /// In words.
    var state: String {
        if complete { return "complete" }
        let waited = begun.isEmpty ? "" : "begun by \(begun.joined(separator: ", "))"
        let spoilt = damaged.isEmpty ? "" : "damaged: \(damaged.joined(separator: ", "))"
        let lacked = missing.isEmpty ? "" : "lacks \(missing.joined(separator: ", "))"
        return [spoilt, lacked, waited].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    static func time(_ millis: UInt64) -> String {
        Date(timeIntervalSince1970: Double(millis) / 1000).ISO8601Format()
    }
}
