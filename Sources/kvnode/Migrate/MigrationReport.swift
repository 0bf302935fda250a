import Engine

/// What `kvnode engine migrate` has done, as it is printed.
struct MigrationReport: Encodable {
    struct Contents: Encodable {
        var rows: Int
        var bytes: UInt64
        var hash: String
    }

    var directory: String
    var from: String
    var to: String
    /// Where the new engine's files are.
    var path: String
    /// By keyspace.
    var contents: [String: Contents]
    /// Whether the node goes on as it would have without the change.
    var keepsIdentity: Bool
    /// Where the old engine's files are kept.
    var kept: [String]
    var removed: [String] = []
    /// Whether the configuration still names another engine.
    var changeEngineType: Bool
    var seconds: Double

    enum CodingKeys: String, CodingKey {
        case directory, from, to, path, contents, kept, removed, seconds
        case keepsIdentity = "keeps_identity"
        case changeEngineType = "change_engine_type"
    }

    /// For people.
    var text: String {
        let rows = Keyspace.allCases.compactMap { keyspace in
            contents[keyspace.name].map { [keyspace.name, "\($0.rows)", Quantity.bytes($0.bytes), $0.hash] }
        }
        var lines = [
            "\(directory) has the engine \(to) now, after \(from); read back and compared in "
                + "\(Quantity.duration(seconds: seconds)):",
            "", TextTable(["keyspace", "rows", "bytes", "hash"], rows).text,
        ]
        if !keepsIdentity {
            lines.append(
                "the data was a copy, or its engine had lost writes: the node will take a new actor, as it would have "
                    + "before")
        }
        for path in kept {
            lines.append("\(path) is kept; kvnode engine migrate --to \(to) --remove-old removes it")
        }
        for path in removed { lines.append("\(path) is removed") }
        if changeEngineType { lines.append("set engine.type to \(to) before you start the node") }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension MigrationReport {
    /// - Parameters:
    ///   - migration: Come to its end.
    ///   - engineType: What the configuration has for `engine.type`.
    init(_ migration: EngineMigration, keepsIdentity: Bool, engineType: String) {
        func path(_ folder: String) -> String { DataDirectory.entry(folder, in: migration.directory.path) }
        let goal = migration.goal
        let contents = migration.digests.map { digest in
            (digest.keyspace.name, Contents(rows: digest.rows, bytes: digest.bytes, hash: digest.hashText))
        }
        self.init(
            directory: migration.directory.path, from: migration.directory.marker.engine, to: goal.engine,
            path: path(goal.folder), contents: Dictionary(uniqueKeysWithValues: contents),
            keepsIdentity: keepsIdentity, kept: goal.kept.map(path),
            changeEngineType: engineType != goal.engine,
            seconds: 0)
    }
}
