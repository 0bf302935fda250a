#if RocksDB
import Engine
import Glibc

/// The one damage of a write-ahead log that the library takes for the log's end.
///
/// A record of the types 5 to 8 says to which log it belongs, for logs that are written over older ones; where that is
/// another log, what follows is old, and the library stops reading without a word, before it looks at the check sum.
/// Logs are never written over here (`recycle_log_file_num` is 0), so such a type is a flipped bit, and all that was
/// acknowledged behind it would be lost in silence.
enum RocksLog {
    private static let blockSize = 32_768
    /// A check sum, a length of two bytes, and the type.
    private static let headerSize = 7

    /// Walks the headers of the records of all logs in `directory`. What else is damaged is the library's to find.
    /// - Throws: `corruption`, or `io`.
    static func check(_ directory: String) throws(EngineError) {
        guard let entries = opendir(directory) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".log") { try check(file: directory + "/" + name) }
        }
    }

    private static func check(file path: String) throws(EngineError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Files.error(errno, "cannot open", path) }
        defer { close(descriptor) }
        var block = [UInt8](repeating: 0, count: blockSize)
        while true {
            let count = try Files.fill(&block, from: descriptor, path)
            if let at = recycledRecord(block[..<count]) {
                throw EngineError(
                    .corruption, "the record at byte \(at) of a block has a wrong type", path: path)
            }
            if count < blockSize { return }
        }
    }

    /// Where a record of a recycled log begins. Records do not reach over the end of their block.
    private static func recycledRecord(_ block: ArraySlice<UInt8>) -> Int? {
        var offset = 0
        while offset + headerSize <= block.count {
            let type = block[offset + 6]
            if (5...8).contains(type) { return offset }
            offset += headerSize + Int(block[offset + 4]) + Int(block[offset + 5]) << 8
        }
        return nil
    }
}
#endif
