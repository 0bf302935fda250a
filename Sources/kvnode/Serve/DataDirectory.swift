import Foundation
import Glibc

/// Where a node keeps its data: the engine's files in a folder of their own, and beside it a marker that says which
/// engine's they are, so that no engine ever opens another's.
struct DataDirectory {
    /// The version of this arrangement.
    private static let format = "kvnode data 1"

    let enginePath: String
    /// What a copy of the directory has not in common with it: the marker's inode, and when that was last changed, since
    /// the copy may get the number of a file that was removed. (Changing the marker's owner or mode makes the node take
    /// its own data for a copy, which costs an entry in its version vectors and nothing else.)
    let identifier: String

    /// Creates the directory if it is not there.
    ///
    /// - Throws: `ServeError` if it holds another engine's data, or data of a format that this release doesn't know.
    init(_ path: String, engine: String) throws {
        let directory = URL(filePath: path, directoryHint: .isDirectory)
        let marker = directory.appending(path: "ENGINE")
        enginePath = directory.appending(path: "engine").path(percentEncoded: false)
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        } catch {
            throw ServeError("node.data_directory \(path) cannot be created: \(error.localizedDescription)")
        }
        if !FileManager.default.fileExists(atPath: marker.path(percentEncoded: false)) {
            guard !FileManager.default.fileExists(atPath: enginePath) else {
                throw ServeError("\(path) has engine files but no file ENGINE that says whose they are")
            }
            // Before the engine's first file: a crash in between leaves a marker and nothing to mistake.
            try Data("\(Self.format)\n\(engine)\n".utf8).write(to: marker, options: .atomic)
            // Synced data must not outlive the marker that it needs.
            for written in [marker, directory, directory.deletingLastPathComponent()] {
                try Self.sync(written.path(percentEncoded: false))
            }
        }
        try Self.check(marker, in: path, engine: engine)
        let attributes = try FileManager.default.attributesOfItem(atPath: marker.path(percentEncoded: false))
        guard let inode = attributes[.systemFileNumber] as? NSNumber,
            let changed = attributes[.creationDate] as? Date
        else { throw ServeError("the file system of \(path) does not tell the inode of ENGINE") }
        // What Foundation calls the creation is the change of the inode on Linux.
        identifier = "inode \(inode) of \(changed.timeIntervalSince1970)"
    }

    private static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw ServeError("\(path) cannot be opened: errno \(errno)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw ServeError("\(path) cannot be synced: errno \(errno)") }
    }

    private static func check(_ marker: URL, in path: String, engine: String) throws {
        let lines = try String(contentsOf: marker, encoding: .utf8).split(separator: "\n").map(String.init)
        guard lines.count == 2, lines[0] == format else {
            throw ServeError(
                "\(path) is of a format that this release does not know: \(lines.first ?? "empty")")
        }
        guard lines[1] == engine else {
            throw ServeError(
                """
                \(path) holds data of the engine \(lines[1]), but engine.type is \(engine): set engine.type to \
                \(lines[1]), or name another directory
                """)
        }
    }
}
