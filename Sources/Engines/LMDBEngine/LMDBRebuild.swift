#if LMDB
public import Engine

extension LMDBEngineFactory {
    /// Walks the trees of the newest sound meta page past what is damaged, and writes the rows that fit their checksums into
    /// a new file. What lies below a damaged page is lost.
    public static func rebuild(
        from path: String, to copy: String, options: EngineOptions
    ) throws(EngineError) {
        try Files.checkAbsent(copy)
        guard let file = try LMDBFile(path + "/data.mdb") else {
            throw EngineError(.corruption, "there is no file data.mdb", path: path)
        }
        let engine = try LMDBEngine(path: copy, options: options)
        do throws(EngineError) {
            var rebuild = LMDBRebuild(file, try LMDBMeta.newestSound(of: file), into: engine)
            try rebuild.run()
            try engine.sync()
        } catch {
            // The first error is the one to tell.
            try? engine.close()
            throw error
        }
        try engine.close()
    }
}

/// The rows that can still be found in a damaged file.
private struct LMDBRebuild {
    private static let batchBytes = 4 << 20

    private let file: LMDBFile
    private let meta: LMDBMeta
    private let engine: LMDBEngine
    private var batch = WriteBatch()
    /// A page that is met again would lead in a circle, or belongs to somebody else.
    private var reached: Set<UInt64> = []
    /// Pages to visit, with the levels from there to the leaves; the next one last.
    private var pages: [(page: UInt64, depth: Int)] = []

    init(_ file: LMDBFile, _ meta: LMDBMeta, into engine: LMDBEngine) {
        self.file = file
        self.meta = meta
        self.engine = engine
    }

    /// - Throws: What writing throws; or `corruption` if the trees' records cannot be found.
    mutating func run() throws(EngineError) {
        let trees = keyspaces()
        guard !trees.isEmpty else { throw file.damaged("the records of the keyspaces cannot be read") }
        for (keyspace, tree) in trees {
            guard let root = tree.root else { continue }
            pages = [(root, tree.depth)]
            while let next = pages.popLast() { try visit(next.page, next.depth, keyspace) }
        }
        try flush()
    }

    /// The trees' records lie in the leaves of the main tree.
    private mutating func keyspaces() -> [(Keyspace, LMDBTree)] {
        var found: [(Keyspace, LMDBTree)] = []
        guard let root = meta.main.root else { return [] }
        pages = [(root, meta.main.depth)]
        while let next = pages.popLast() {
            for node in leaves(at: next.page, depth: next.depth) where node.isTree {
                let name = String(decoding: node.key, as: UTF8.self)
                guard let keyspace = Keyspace.allCases.first(where: { $0.name == name }),
                    node.inline.count == LMDBTree.size,
                    let tree = try? LMDBTree(node.inline, at: 0, file, lastPage: meta.lastPage)
                else { continue }
                found.append((keyspace, tree))
            }
        }
        return found
    }

    private mutating func visit(_ page: UInt64, _ depth: Int, _ keyspace: Keyspace) throws(EngineError) {
        for node in leaves(at: page, depth: depth) where !node.isTree {
            guard let stored = stored(node), let value = Self.value(of: node.key, in: stored) else {
                continue
            }
            batch.put(keyspace, node.key, value)
        }
        if batch.byteCount >= Self.batchBytes { try flush() }
    }

    /// The sound nodes of a leaf; those of a branch go to the pages that are to be visited.
    private mutating func leaves(at number: UInt64, depth: Int) -> [LMDBPage.Leaf] {
        guard depth >= 1, number >= 2, number <= meta.lastPage, reached.insert(number).inserted,
            let page = try? LMDBPage(file, number), page.isBranch == (depth > 1)
        else { return [] }
        guard page.isBranch else {
            return (0..<page.nodeCount).compactMap { try? page.leafNode($0) }.filter {
                (1...EngineLimits.maxKeySize).contains($0.key.count)
            }
        }
        for index in (0..<page.nodeCount).reversed() {
            if let node = try? page.branchNode(index) { pages.append((node.child, depth - 1)) }
        }
        return []
    }

    /// What is stored for a key, on the leaf or on pages of its own.
    private func stored(_ node: LMDBPage.Leaf) -> [UInt8]? {
        guard let page = node.overflowPage else { return node.inline }
        guard page <= meta.lastPage, node.dataSize <= EngineLimits.maxValueSize + LMDBRow.trailerSize else {
            return nil
        }
        return try? file.bytes(at: page * UInt64(meta.pageSize) + 16, count: node.dataSize)
    }

    private static func value(of key: [UInt8], in stored: [UInt8]) -> [UInt8]? {
        stored.withUnsafeBytes { stored in
            key.withUnsafeBytes { key in LMDBRow.value(stored, of: key).map { [UInt8]($0) } }
        }
    }

    private mutating func flush() throws(EngineError) {
        try engine.write(batch, durability: .buffered)
        batch.removeAll(keepingCapacity: true)
    }
}
#endif
