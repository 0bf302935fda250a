import Foundation
import Glibc

/// The steps in which a data directory gets the files of another engine, or others of its own. Under a `DirectoryClaim`.
extension DataDirectory {
    /// Makes what `goal` names the node's data. Rename is atomic, and comes after all that it names is on the disk.
    func change(to goal: DataMarker) throws {
        let new = Self.entry(DataMarker.newFile, in: path)
        try Self.create(new, goal.text)
        try Self.sync(path)
        let marker = Self.entry(DataMarker.fileName, in: path)
        guard rename(new, marker) == 0 else {
            throw EngineChangeError(.failed, "\(new) cannot be renamed: \(String(cString: strerror(errno)))")
        }
    }

    /// Makes the change survive power loss, and removes what it needs no more.
    func tidy(after goal: DataMarker) throws {
        do {
            try Self.sync(path)
            try DataDirectory(existing: path).removeLeftovers()
        } catch {
            throw EngineChangeError(
                .failed, "the data is now what \(goal.folder) holds, but not all is in order: \(error)")
        }
    }

    /// Removes what changes that did not come to their end have left.
    func removeLeftovers() throws {
        let entries = try FileManager.default.contentsOfDirectory(atPath: path)
        for name in entries where marker.isLeftover(name) {
            try FileManager.default.removeItem(atPath: Self.entry(name, in: path))
        }
    }

    /// Creates a file that was not there, durably, but for its name.
    static func create(_ path: String, _ text: String = "") throws {
        try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
        try sync(path)
    }
}
