#if LMDB
import CLMDB

/// The library's table of open reads. Its only way out of the C API is a text: a line of headings, then one for each slot, with the
/// process, the thread, and the transaction that the slot reads, or a dash.
enum LMDBReaderTable {
    /// Commits since the oldest open read began; 0 if none is open.
    ///
    /// - Parameter newest: The last commit.
    static func oldestAge(_ environment: OpaquePointer, newest: Int) -> Int {
        var lines: [String] = []
        let count = withUnsafeMutablePointer(to: &lines) { lines in
            mdb_reader_list(
                environment,
                { line, lines in
                    // Both are what is passed below, and lent for the call.
                    lines!.assumingMemoryBound(to: [String].self).pointee.append(
                        String(cString: line!))
                    return 0
                }, lines)
        }
        return count < 0 ? 0 : oldestAge(in: lines, newest: newest)
    }

    static func oldestAge(in lines: [String], newest: Int) -> Int {
        let read = lines.joined().split(separator: "\n").compactMap { line in
            line.split(separator: " ").last.flatMap { Int($0) }
        }
        return read.map { max(0, newest - $0) }.max() ?? 0
    }
}
#endif
