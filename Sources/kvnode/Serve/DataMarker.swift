/// What the file ENGINE of a data directory says: whose files are where.
///
///     kvnode data 1       as a node makes it: the files are in `engine`
///     rocksdb
///
///     kvnode data 2       since the engine was changed
///     lmdb
///     engine-2            where its files are
///     engine              where those of an earlier engine are kept; a line for each
struct DataMarker: Equatable {
    static let fileName = "ENGINE"
    /// The folder of a directory whose engine was never changed.
    static let firstFolder = "engine"

    /// The newest format of the marker's that this build reads and writes.
    static var newestFormat: Int { formats.count }

    private static let formats = ["kvnode data 1", "kvnode data 2"]

    /// The name in `engine.type`.
    var engine: String
    var folder = firstFolder
    /// Folders with what earlier engines left.
    var kept: [String] = []

    init(engine: String, folder: String = firstFolder, kept: [String] = []) {
        self.engine = engine
        self.folder = folder
        self.kept = kept
    }

    /// Nil for a format that this release does not know.
    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count >= 3, lines.last == "", let format = Self.formats.firstIndex(of: lines[0]) else {
            return nil
        }
        engine = lines[1]
        guard format > 0 else {
            if lines.count > 3 { return nil }
            return
        }
        let folders = lines[2..<lines.count - 1]
        // Its place being ENGINE itself, the first folder comes back under another name.
        guard let current = folders.first, current != Self.firstFolder,
            folders.allSatisfy({ Self.generation(of: $0) != nil })
        else { return nil }
        folder = current
        kept = Array(folders.dropFirst())
    }

    var text: String {
        let isFirst = folder == Self.firstFolder && kept.isEmpty
        let lines = isFirst ? [Self.formats[0], engine] : [Self.formats[1], engine, folder] + kept
        return lines.map { $0 + "\n" }.joined()
    }

    /// The file that tells the data from a copy of it. A change of the engine must know its inode before ENGINE names
    /// the new folder, and moving a file changes its inode; so the file ENGINE itself serves only the first folder.
    var placeFile: String { folder == Self.firstFolder ? Self.fileName : Self.placeFile(of: folder) }

    /// What a change to `engine` makes: a folder behind all that are there.
    func next(engine: String) -> DataMarker {
        let generations = ([folder] + kept).compactMap(Self.generation)
        let folder = "\(Self.firstFolder)-\((generations.max() ?? 1) + 1)"
        return DataMarker(engine: engine, folder: folder, kept: kept + [self.folder])
    }

    /// Whether the entry `name` of the directory is what a change of the engine left that did not come to its end.
    func isLeftover(_ name: String) -> Bool {
        if name == Self.newFile { return true }
        let folder = name.hasSuffix(Self.placeSuffix) ? String(name.dropLast(Self.placeSuffix.count)) : name
        guard let generation = Self.generation(of: folder), generation > 1 else { return false }
        return name == folder ? folder != self.folder && !kept.contains(folder) : name != placeFile
    }

    /// The marker's successor, before it takes its place.
    static let newFile = fileName + ".new"

    private static let placeSuffix = ".place"

    static func placeFile(of folder: String) -> String { folder + placeSuffix }

    /// `engine` is 1, `engine-N` is N; nil for any other name.
    private static func generation(of folder: String) -> Int? {
        if folder == firstFolder { return 1 }
        guard folder.hasPrefix(firstFolder + "-"), let number = Int(folder.dropFirst(firstFolder.count + 1)),
            number > 1, folder == "\(firstFolder)-\(number)"
        else { return nil }
        return number
    }
}
