import Foundation

/// Where a node keeps its data: the engine's files in a folder of their own, and beside it a marker that says which
/// engine's they are, so that no engine ever opens another's.
struct DataDirectory {
    /// The version of this arrangement.
    private static let format = "kvnode data 1"

    let enginePath: String

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
        guard FileManager.default.fileExists(atPath: marker.path(percentEncoded: false)) else {
            guard !FileManager.default.fileExists(atPath: enginePath) else {
                throw ServeError("\(path) has engine files but no file ENGINE that says whose they are")
            }
            // Before the engine's first file: a crash in between leaves a marker and nothing to mistake.
            try Data("\(Self.format)\n\(engine)\n".utf8).write(to: marker, options: .atomic)
            return
        }
        let lines = try String(contentsOf: marker, encoding: .utf8).split(separator: "\n").map(String.init)
        guard lines.count == 2, lines[0] == Self.format else {
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
