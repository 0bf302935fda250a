import Engine

/// What `kvnode engine repair` has found and done, as it is printed.
struct RepairReport: Encodable {
    struct Contents: Encodable {
        /// Of what was saved.
        var rows: Int
        var bytes: UInt64
        /// Rows that were read, and that no node can use.
        var undecodableRows: Int
        /// Places that cannot be read.
        var unreadablePlaces: Int
        /// Why the first of them cannot.
        var firstError: String?

        enum CodingKeys: String, CodingKey {
            case rows, bytes
            case undecodableRows = "undecodable_rows"
            case unreadablePlaces = "unreadable_places"
            case firstError = "first_error"
        }
    }

    var directory: String
    var engine: String
    /// Whether anything was changed.
    var isRepaired: Bool
    /// Why the engine did not open the files; left out if it did.
    var refusal: String?
    /// By keyspace.
    var contents: [String: Contents]
    /// Whether what can be read says whose data it is.
    var identityKnown: Bool
    /// Where the node's files are now.
    var path: String
    /// Where the damaged files are kept; left out if nothing was changed.
    var damaged: String?
    var seconds: Double

    enum CodingKeys: String, CodingKey {
        case directory, engine, refusal, contents, path, damaged, seconds
        case isRepaired = "repaired"
        case identityKnown = "identity_known"
    }
}

extension RepairReport {
    init(_ repair: EngineRepair, isRepaired: Bool, identityKnown: Bool, seconds: Double) {
        let directory = repair.directory
        let contents = repair.outcomes.map { outcome in
            (
                outcome.kept.keyspace.name,
                Contents(
                    rows: outcome.kept.rows, bytes: outcome.kept.bytes, undecodableRows: outcome.refusedRows,
                    unreadablePlaces: outcome.gaps, firstError: outcome.firstError?.description)
            )
        }
        self.init(
            directory: directory.path, engine: directory.marker.engine, isRepaired: isRepaired,
            refusal: repair.refusal?.description, contents: Dictionary(uniqueKeysWithValues: contents),
            identityKnown: identityKnown,
            path: isRepaired
                ? DataDirectory.entry(repair.goal.folder, in: directory.path) : directory.enginePath,
            damaged: isRepaired ? directory.enginePath : nil, seconds: seconds)
    }

    /// For people.
    var text: String {
        let verb = isRepaired ? "was saved" : "can be read"
        var lines = [
            "what \(verb) of \(engine)'s files in \(directory), in \(Quantity.duration(seconds: seconds)):"
        ]
        lines += ["", table] + details
        if !identityKnown {
            lines.append("whose data it is cannot be read: it is taken for that of the configured node")
        }
        guard let damaged else {
            lines.append("nothing was changed; without --dry-run the rows above are copied into new files")
            return lines.joined(separator: "\n") + "\n"
        }
        lines.append("the damaged files are kept in \(damaged); when nothing is missed, this removes them:")
        lines.append("  kvnode engine migrate --to \(engine) --remove-old")
        lines.append(
            "start the node: it declares itself lost, takes writes, and is read from once it has copied what it lacks"
        )
        return lines.joined(separator: "\n") + "\n"
    }

    private var table: String {
        let rows = Keyspace.allCases.compactMap { keyspace in
            contents[keyspace.name].map {
                [
                    keyspace.name, "\($0.rows)", Quantity.bytes($0.bytes), "\($0.unreadablePlaces)",
                    "\($0.undecodableRows)",
                ]
            }
        }
        return TextTable(["keyspace", "rows", "bytes", "unreadable places", "undecodable rows"], rows).text
    }

    /// In the library's words.
    private var details: [String] {
        let errors = Keyspace.allCases.compactMap { keyspace in
            contents[keyspace.name]?.firstError.map { "\(keyspace.name): \($0)" }
        }
        let first = refusal.map {
            "the engine did not open them: \($0); these are the rows that could be put together, and nobody can say how many are missing"
        }
        return (first.map { [$0] } ?? []) + errors
    }
}
