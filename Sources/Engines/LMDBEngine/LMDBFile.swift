#if LMDB
import Engine
import Glibc

/// The file as ``LMDBCheck`` reads it: with read calls, since a map of a file that is too short ends the process.
final class LMDBFile {
    let path: String
    private let descriptor: Int32
    private let size: UInt64
    fileprivate(set) var pageSize = 4096

    var pageCount: UInt64 { size / UInt64(pageSize) }

    /// Nil if the file is absent or empty.
    init?(_ path: String) throws(EngineError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            if errno == ENOENT { return nil }
            throw Files.error(errno, "cannot open", path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Files.error(errno, "cannot read", path) }
        size = UInt64(status.st_size)
        if size == 0 { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func damaged(_ what: String) -> EngineError { EngineError(.corruption, what, path: path) }

    func bytes(at offset: UInt64, count: Int) throws(EngineError) -> [UInt8] {
        guard UInt64(count) <= size, offset <= size - UInt64(count) else {
            throw damaged("the file is too short")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + done, count - done, off_t(offset) + done)
            }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { throw Files.error(errno, "cannot read", path) }
            done += got
        }
        return bytes
    }

    func page(_ number: UInt64) throws(EngineError) -> [UInt8] {
        try bytes(at: number * UInt64(pageSize), count: pageSize)
    }

    /// How many pages a large value has, as the first of them says: what it needs, or more, since a value that is
    /// replaced by a shorter one within a transaction keeps its pages.
    func overflowPages(_ first: UInt64, valueSize: Int) throws(EngineError) -> Int {
        guard first < pageCount else { throw damaged("page \(first) lies outside of the file") }
        let header = try bytes(at: first * UInt64(pageSize), count: 16)
        let count = number(header, at: 12, bytes: 4)
        guard number(header, at: 0, bytes: 8) == first, number(header, at: 10, bytes: 2) == 0x04,
            count >= UInt64((valueSize + 16 + pageSize - 1) / pageSize)
        else { throw damaged("page \(first) does not begin a large value") }
        return Int(count)
    }
}

/// A little-endian number.
func number(_ bytes: [UInt8], at offset: Int, bytes count: Int) -> UInt64 {
    (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) }
}

/// The record of one tree.
struct LMDBTree {
    static let size = 48

    let pad: UInt64
    let flags: UInt64
    let depth: Int
    let entries: UInt64
    /// Nil if the tree is empty.
    let root: UInt64?

    init(_ bytes: [UInt8], at offset: Int, _ file: LMDBFile, lastPage: UInt64) throws(EngineError) {
        pad = number(bytes, at: offset, bytes: 4)
        flags = number(bytes, at: offset + 4, bytes: 2)
        depth = Int(number(bytes, at: offset + 6, bytes: 2))
        entries = number(bytes, at: offset + 32, bytes: 8)
        let page = number(bytes, at: offset + 40, bytes: 8)
        root = page == .max ? nil : page
        // 32 levels is what the library's cursors hold.
        guard root == nil ? depth == 0 : (1...32).contains(depth) && page >= 2 && page <= lastPage else {
            throw file.damaged("the record of a tree is damaged")
        }
    }
}

/// A meta page: it describes one committed state of the file.
struct LMDBMeta {
    let pageSize: Int
    let free: LMDBTree
    let main: LMDBTree
    let lastPage: UInt64
    private let transaction: UInt64

    /// The newer of the two, once both are found sound.
    ///
    /// Transactions write the two pages in turn, each after the other is on the disk, so their numbers differ by one; a
    /// number that does not would silently bring back an older state.
    static func newest(of file: LMDBFile) throws(EngineError) -> LMDBMeta {
        let first = try LMDBMeta(file.bytes(at: 0, count: 152), file, page: 0)
        file.pageSize = first.pageSize
        let second = try LMDBMeta(file.bytes(at: UInt64(first.pageSize), count: 152), file, page: 1)
        let (low, high) = (
            min(first.transaction, second.transaction), max(first.transaction, second.transaction)
        )
        guard first.pageSize == second.pageSize, high - low == 1 || high == 0 else {
            throw file.damaged("the meta pages contradict each other")
        }
        return second.transaction > first.transaction ? second : first
    }

    /// The newest that is sound, whatever has become of the other one: the state of the commit before the last is whole
    /// as well, since the library writes over its pages only after the next.
    static func newestSound(of file: LMDBFile) throws(EngineError) -> LMDBMeta {
        var found: [LMDBMeta] = []
        var failure: EngineError?
        for page in 0..<UInt64(2) {
            do throws(EngineError) {
                let offset = page * UInt64(found.first?.pageSize ?? file.pageSize)
                found.append(try LMDBMeta(file.bytes(at: offset, count: 152), file, page: page))
            } catch {
                failure = error
            }
        }
        guard let newest = found.max(by: { $0.transaction < $1.transaction }) else {
            throw failure ?? file.damaged("there is no meta page")
        }
        file.pageSize = newest.pageSize
        return newest
    }

    private init(_ bytes: [UInt8], _ file: LMDBFile, page: UInt64) throws(EngineError) {
        guard number(bytes, at: 10, bytes: 2) & 0x08 != 0, number(bytes, at: 16, bytes: 4) == 0xBEEF_C0DE,
            number(bytes, at: 20, bytes: 4) == 1
        else { throw file.damaged("meta page \(page) is not LMDB's") }
        lastPage = number(bytes, at: 136, bytes: 8)
        transaction = number(bytes, at: 144, bytes: 8)
        // The page size stands in a field of the free list's record, the file's flags in another.
        free = try LMDBTree(bytes, at: 40, file, lastPage: lastPage)
        main = try LMDBTree(bytes, at: 88, file, lastPage: lastPage)
        pageSize = Int(free.pad)
        let isSane =
            [512, 1024, 2048, 4096, 8192, 16384, 32768].contains(pageSize) && free.flags == 0x08
            && main.flags == 0 && lastPage >= 1 && lastPage < 1 << 40
            && (transaction == 0 || transaction % 2 == page)
        guard isSane else { throw file.damaged("meta page \(page) is damaged") }
    }
}

/// A branch or leaf page, whose nodes are checked as they are asked for.
struct LMDBPage {
    struct Leaf {
        var key: [UInt8]
        var dataSize: Int
        /// The value, unless it lies on pages of its own.
        var inline: [UInt8]
        var overflowPage: UInt64?
        /// The value is the record of a named tree.
        var isTree: Bool

        /// For an inline value that is a row's.
        var fitsChecksum: Bool {
            inline.withUnsafeBytes { stored in
                key.withUnsafeBytes { LMDBRow.value(stored, of: $0) != nil }
            }
        }
    }

    let isBranch: Bool
    let nodeCount: Int
    private let bytes: [UInt8]
    /// Where the free room ends. The library writes new nodes right before it, over whatever lies there.
    private let upper: Int
    private let page: UInt64
    private let file: LMDBFile

    init(_ file: LMDBFile, _ page: UInt64) throws(EngineError) {
        self.file = file
        self.page = page
        bytes = try file.page(page)
        let flags = number(bytes, at: 10, bytes: 2)
        let lower = Int(number(bytes, at: 12, bytes: 2))
        upper = Int(number(bytes, at: 14, bytes: 2))
        isBranch = flags == 0x01
        nodeCount = max(0, lower - 16) / 2
        guard number(bytes, at: 0, bytes: 8) == page, flags == 0x01 || flags == 0x02, lower >= 16,
            lower % 2 == 0,
            lower <= upper, upper <= bytes.count
        else { throw file.damaged("the header of page \(page) is damaged") }
    }

    func branchNode(_ index: Int) throws(EngineError) -> (child: UInt64, key: [UInt8]) {
        let (offset, key) = try node(index)
        return (number(bytes, at: offset, bytes: 6), key)
    }

    func leafNode(_ index: Int) throws(EngineError) -> Leaf {
        let (offset, key) = try node(index)
        let flags = number(bytes, at: offset + 4, bytes: 2)
        let size = Int(number(bytes, at: offset, bytes: 4))
        let start = offset + 8 + key.count
        let isLarge = flags == 0x01
        let stored = isLarge ? 8 : size
        guard flags <= 0x02, size <= 1 << 31, stored <= bytes.count - start else {
            throw file.damaged("a value of page \(page) lies outside of it")
        }
        let inline = Array(bytes[start..<start + stored])
        return Leaf(
            key: key, dataSize: size, inline: isLarge ? [] : inline,
            overflowPage: isLarge ? number(inline, at: 0, bytes: 8) : nil, isTree: flags == 0x02)
    }

    private func node(_ index: Int) throws(EngineError) -> (offset: Int, key: [UInt8]) {
        let offset = Int(number(bytes, at: 16 + 2 * index, bytes: 2))
        guard offset >= upper, offset % 2 == 0, offset + 8 <= bytes.count else {
            throw file.damaged("a node of page \(page) lies outside of it")
        }
        let end = offset + 8 + Int(number(bytes, at: offset + 6, bytes: 2))
        guard end <= bytes.count else { throw file.damaged("a key of page \(page) lies outside of it") }
        return (offset, Array(bytes[offset + 8..<end]))
    }
}
#endif
