import ArgumentParser
import Backup
import Foundation
import ObjectStorage

/// Which backup is meant.
struct BackupChoice: ParsableArguments {
    @Argument(help: "The backup. (default: the newest that is complete)")
    var id: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The newest complete one that was begun by then, such as 2026-11-28T03:00:00Z.", valueName: "time"
        ))
    var at: String?

    func validate() throws {
        if id != nil, at != nil { throw ValidationError("give a backup's name or --at, not both") }
        if let at, Self.millis(at) == nil {
            throw ValidationError("--at \(at) is no time such as 2026-11-28T03:00:00Z")
        }
    }

    private static func millis(_ text: String) -> UInt64? {
        guard let date = try? Date(text, strategy: .iso8601), date.timeIntervalSince1970 >= 0 else {
            return nil
        }
        return UInt64(date.timeIntervalSince1970 * 1000)
    }

    /// The name of the backup that is meant.
    func find(in archive: Archive) async throws(BackupError) -> String {
        if let id { return id }
        let latest = at.flatMap(Self.millis) ?? .max
        let sets = try await archive.backups().filter { $0.isComplete && ($0.beganMillis ?? .max) <= latest }
        guard let newest = sets.last else {
            throw BackupError(
                .notFound,
                "there is no complete backup in \(archive.store.location)" + (at.map { " by \($0)" } ?? ""))
        }
        return newest.id
    }
}
