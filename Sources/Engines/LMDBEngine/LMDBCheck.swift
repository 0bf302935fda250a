#if LMDB
import Engine
import Glibc

/// Checks a file before the library maps it: the library trusts what it reads (see ``LMDBEngineFactory``).
///
/// The format is that of LMDB 0.9 (`lmdb.h` calls it data version 1) on a 64-bit little-endian machine.
struct LMDBCheck {
    private let file: LMDBFile
    private let meta: LMDBMeta
    private var budget: Int
    /// One bit a page: reached already. A page that is reached twice belongs to two trees, or to a cycle.
    private var reached: [UInt64]
    private let reachablePages: UInt64
    private var freed: [UInt64] = []
    /// What the trees' records say that there are, and the nodes of leaves that were met. A damaged count of a page's
    /// nodes leaves the rest in order, so only the sum tells that rows are missing.
    private var entriesRecorded: UInt64 = 0
    private var entriesMet: UInt64 = 0

    private struct Task {
        var page: UInt64
        /// Levels from here to the leaves, these included.
        var depth: Int
        var kind: Kind
        /// Where keys of the page must lie: at or above `lower`, below `upper`.
        var lower: [UInt8]
        var upper: [UInt8]?
    }

    private enum Kind { case free, main, named }

    /// - Parameters:
    ///   - maxPages: How many pages of the trees to read at most.
    ///   - mapSize: The bytes to which the file may grow.
    /// - Throws: `corruption`, or `io`. A file that is absent or empty is fine: the library creates it.
    static func run(file path: String, maxPages: Int, mapSize: Int) throws(EngineError) {
        guard let file = try LMDBFile(path) else { return }
        let meta = try LMDBMeta.newest(of: file)
        let pages = max(file.pageCount, UInt64(mapSize / meta.pageSize))
        guard meta.lastPage < pages else {
            throw file.damaged("the last page, \(meta.lastPage), lies beyond the file and map_size_bytes")
        }
        // Pages that were taken at the file's end and given back within one transaction are never written, so a sound
        // file may be short. Whether it is can only be told from all of its pages.
        let isWhole = file.pageCount > meta.lastPage
        var check = LMDBCheck(file: file, meta: meta, budget: isWhole ? maxPages : .max)
        try check.walk()
    }

    private init(file: LMDBFile, meta: LMDBMeta, budget: Int) {
        self.file = file
        self.meta = meta
        self.budget = budget
        // What the damaged meta page of a short file says must not decide how much memory this takes.
        reachablePages = min(meta.lastPage + 1, file.pageCount)
        reached = Array(repeating: 0, count: Int(reachablePages / 64) + 1)
    }

    /// Breadth first, so that a budget that does not reach all leaves at least reaches all branches.
    private mutating func walk() throws(EngineError) {
        var queue: [Task] = []
        enqueue(meta.free, .free, &queue)
        enqueue(meta.main, .main, &queue)
        var next = 0
        while next < queue.count, budget > 0 {
            // Done tasks are dropped now and then, so that the queue is as long as a level, not as the file.
            if next == 1 << 16 {
                queue.removeFirst(next)
                next = 0
            }
            try visit(queue[next], &queue)
            next += 1
            budget -= 1
        }
        guard next < queue.count || entriesMet == entriesRecorded else {
            throw file.damaged("\(entriesMet) rows are there, \(entriesRecorded) should be")
        }
        for page in freed where isReached(page) { throw file.damaged("page \(page) is both free and in use") }
    }

    private mutating func enqueue(_ tree: LMDBTree, _ kind: Kind, _ queue: inout [Task]) {
        entriesRecorded &+= tree.entries
        if let root = tree.root {
            queue.append(Task(page: root, depth: tree.depth, kind: kind, lower: [], upper: nil))
        }
    }

    private mutating func visit(_ task: Task, _ queue: inout [Task]) throws(EngineError) {
        try reach(task.page, count: 1)
        let page = try LMDBPage(file, task.page)
        guard page.isBranch == (task.depth > 1) else {
            throw file.damaged("page \(task.page) has the wrong kind")
        }
        if page.isBranch { return try visitBranch(page, task, &queue) }
        entriesMet += UInt64(page.nodeCount)
        var previous: [UInt8]?
        for index in 0..<page.nodeCount {
            let node = try page.leafNode(index)
            try checkKey(node.key, task, after: previous)
            previous = node.key
            try visitLeaf(node, task, &queue)
        }
    }

    private func visitBranch(_ page: LMDBPage, _ task: Task, _ queue: inout [Task]) throws(EngineError) {
        guard page.nodeCount >= 2 else { throw file.damaged("branch page \(task.page) has too few children") }
        var children: [(page: UInt64, lower: [UInt8])] = []
        for index in 0..<page.nodeCount {
            let node = try page.branchNode(index)
            // The first key of a branch stands for everything below the second.
            if index > 0 { try checkKey(node.key, task, after: index > 1 ? children[index - 1].lower : nil) }
            children.append((node.child, index > 0 ? node.key : task.lower))
        }
        for (index, child) in children.enumerated() {
            let upper = index + 1 < children.count ? children[index + 1].lower : task.upper
            queue.append(
                Task(
                    page: child.page, depth: task.depth - 1, kind: task.kind, lower: child.lower, upper: upper
                ))
        }
    }

    private func checkKey(_ key: [UInt8], _ task: Task, after previous: [UInt8]?) throws(EngineError) {
        guard !key.isEmpty, key.count <= EngineLimits.maxKeySize, task.kind != .free || key.count == 8 else {
            throw file.damaged("page \(task.page) has a key of \(key.count) bytes")
        }
        let isOrdered =
            previous.map { precedes($0, key, task.kind) } ?? true
            && (task.lower.isEmpty || !precedes(key, task.lower, task.kind))
            && (task.upper.map { precedes(key, $0, task.kind) } ?? true)
        guard isOrdered else { throw file.damaged("page \(task.page) has keys out of order") }
    }

    /// Keys of the free list are transaction numbers in the machine's byte order.
    private func precedes(_ a: [UInt8], _ b: [UInt8], _ kind: Kind) -> Bool {
        kind == .free ? a.reversed().lexicographicallyPrecedes(b.reversed()) : a.precedes(b)
    }

    private mutating func visitLeaf(
        _ node: LMDBPage.Leaf, _ task: Task, _ queue: inout [Task]
    ) throws(EngineError) {
        guard task.kind == .main || !node.isTree else {
            throw file.damaged("page \(task.page) has a stray tree")
        }
        if let first = node.overflowPage {
            try reach(first, count: file.overflowPages(first, valueSize: node.dataSize))
        }
        switch task.kind {
        case .named:
            // Large values are read, and checked, when they are asked for.
            guard node.overflowPage != nil || node.fitsChecksum else {
                throw file.damaged("a row of page \(task.page) does not fit its checksum")
            }
        case .main:
            if node.isTree {
                guard node.inline.count == LMDBTree.size else {
                    throw file.damaged("a tree's record has a wrong size")
                }
                let tree = try LMDBTree(node.inline, at: 0, file, lastPage: meta.lastPage)
                guard tree.flags == 0 else { throw file.damaged("a tree has unknown flags") }
                enqueue(tree, .named, &queue)
            }
        case .free: try visitFreeList(node)
        }
    }

    /// A record of freed pages: their number, then the pages, in descending order.
    private mutating func visitFreeList(_ node: LMDBPage.Leaf) throws(EngineError) {
        let bytes =
            try node.overflowPage.map { (page) throws(EngineError) in
                try file.bytes(at: page * UInt64(meta.pageSize) + 16, count: node.dataSize)
            } ?? node.inline
        guard bytes.count >= 8 else { throw file.damaged("a record of free pages is too short") }
        let count = number(bytes, at: 0, bytes: 8)
        guard count <= UInt64(bytes.count / 8 - 1) else {
            throw file.damaged("a record of free pages is too long")
        }
        var previous = UInt64.max
        for index in 0..<Int(count) {
            let page = number(bytes, at: 8 + 8 * index, bytes: 8)
            guard page >= 2, page <= meta.lastPage, page < previous else {
                throw file.damaged("the free pages are out of order")
            }
            previous = page
            freed.append(page)
        }
    }

    private mutating func reach(_ page: UInt64, count: Int) throws(EngineError) {
        let end = page.addingReportingOverflow(UInt64(count))
        guard page >= 2, !end.overflow, end.partialValue <= reachablePages else {
            throw file.damaged("page \(page) lies outside of the file")
        }
        for page in page..<end.partialValue {
            if isReached(page) { throw file.damaged("page \(page) is used twice") }
            reached[Int(page / 64)] |= 1 << (page % 64)
        }
    }

    private func isReached(_ page: UInt64) -> Bool {
        page < reachablePages && reached[Int(page / 64)] & (1 << (page % 64)) != 0
    }
}
#endif
