import Backup
import Foundation

/// The file that holds the key of backups.
enum BackupKeyFile {
    /// Blocks.
    static func read(_ path: String) throws(BackupError) -> BackupKey {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw BackupError(
                .badKey, "the key of backups in \(path) can't be read: \(error.localizedDescription)")
        }
        do throws(BackupError) {
            return try BackupKey(hex: text)
        } catch {
            throw BackupError(.badKey, "\(path) holds no key of backups: \(error)")
        }
    }
}
