import Foundation
import Glibc

/// Where a node keeps its data: the engine's files in a folder of their own, and beside it a marker that says which
/// engine's they are, so that no engine ever opens another's.
struct DataDirectory: Equatable {
    let path: String
    let marker: DataMarker
    /// What a copy of the directory has not in common with it: a file's inode, and when that was last changed, since
    /// the copy may get the number of a file that was removed. (Changing the file's owner or mode makes the node take
    /// its own data for a copy, which costs an entry in its version vectors and nothing else.)
    let identifier: String

    var enginePath: String { Self.entry(marker.folder, in: path) }

    /// Creates the directory if it is not there.
    ///
    /// - Throws: `ServeError` if it holds another engine's data, or data of a format that this release doesn't know.
    init(_ path: String, engine: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ServeError("node.data_directory \(path) cannot be created: \(error.localizedDescription)")
        }
        let marker = Self.entry(DataMarker.fileName, in: path)
        if !FileManager.default.fileExists(atPath: marker) {
            guard !FileManager.default.fileExists(atPath: Self.entry(DataMarker.firstFolder, in: path)) else {
                throw ServeError("\(path) has engine files but no file ENGINE that says whose they are")
            }
            // Before the engine's first file: a crash in between leaves a marker and nothing to mistake.
            try Data(DataMarker(engine: engine).text.utf8).write(
                to: URL(filePath: marker), options: .atomic)
            // Synced data must not outlive the marker that it needs.
            for written in [marker, path, Self.parent(of: path)] { try Self.sync(written) }
        }
        try self.init(existing: path)
        guard self.marker.engine == engine else {
            throw ServeError(
                """
                \(path) holds data of the engine \(self.marker.engine), but engine.type is \(engine): set engine.type \
                to \(self.marker.engine), change the engine of the data with kvnode engine migrate, or name another \
                directory
                """)
        }
    }

    /// A directory that holds data.
    ///
    /// - Throws: `ServeError` if it holds none, or data of a format that this release doesn't know.
    init(existing path: String) throws {
        let file = Self.entry(DataMarker.fileName, in: path)
        guard FileManager.default.fileExists(atPath: file) else {
            throw ServeError(
                "\(path) holds no node's data, as it has no file ENGINE: is node.data_directory right?")
        }
        let text = try String(contentsOf: URL(filePath: file), encoding: .utf8)
        guard let marker = DataMarker(text) else {
            let format = text.split(separator: "\n").first ?? "empty"
            throw ServeError("\(path) is of a format that this release does not know: \(format)")
        }
        self.path = path
        self.marker = marker
        identifier = try Self.identifier(of: Self.entry(marker.placeFile, in: path))
    }

    /// Once the engine is open, and thereby nobody else's: the directory is still what it was when it was read.
    ///
    /// - Throws: `ServeError` if a change of the engine came to its end in between.
    func confirm() throws {
        guard try DataDirectory(existing: path).identifier == identifier else {
            throw ServeError("the engine of \(path) was changed just now: start again")
        }
    }

    static func identifier(of file: String) throws -> String {
        let attributes: [FileAttributeKey: Any]
        do {
            attributes = try FileManager.default.attributesOfItem(atPath: file)
        } catch {
            throw ServeError(
                """
                \(file) tells the data from its copies, but cannot be read (\(error.localizedDescription)); if it is \
                gone, create an empty file of that name: the node then takes the data for a copy
                """)
        }
        guard let inode = attributes[.systemFileNumber] as? NSNumber,
            let changed = attributes[.creationDate] as? Date
        else { throw ServeError("the file system does not tell the inode of \(file)") }
        // What Foundation calls the creation is the change of the inode on Linux.
        return "inode \(inode) of \(changed.timeIntervalSince1970)"
    }

    /// Makes a file's content, or a directory's entries, survive power loss.
    static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw ServeError("\(path) cannot be opened: errno \(errno)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw ServeError("\(path) cannot be synced: errno \(errno)") }
    }

    static func entry(_ name: String, in directory: String) -> String {
        URL(filePath: directory, directoryHint: .isDirectory).appending(path: name)
            .path(percentEncoded: false)
    }

    private static func parent(of path: String) -> String {
        URL(filePath: path, directoryHint: .isDirectory).deletingLastPathComponent()
            .path(percentEncoded: false)
    }
}
