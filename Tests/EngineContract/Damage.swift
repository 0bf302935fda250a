import Engine
import Foundation

/// What becomes of a file behind an engine's back.
enum Damage: CustomStringConvertible {
    case flip(byte: Int, bit: Int)
    case overwrite(byte: Int, with: [UInt8])
    case truncate(to: Int)

    var description: String {
        switch self {
        case .flip(let byte, let bit): "bit \(bit) of byte \(byte) flipped"
        case .overwrite(let byte, let bytes): "\(bytes) written to byte \(byte)"
        case .truncate(let size): "truncated to \(size)"
        }
    }

    func apply(_ path: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        switch self {
        case .truncate(let size): try file.truncate(atOffset: UInt64(size))
        case .overwrite(let byte, let bytes):
            try file.seek(toOffset: UInt64(byte))
            try file.write(contentsOf: Data(bytes))
        case .flip(let byte, let bit):
            try file.seek(toOffset: UInt64(byte))
            let old = try file.read(upToCount: 1)!
            try file.seek(toOffset: UInt64(byte))
            try file.write(contentsOf: Data([old[0] ^ (1 << bit)]))
        }
        try file.close()
    }
}

func fileSize(_ path: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: path)[.size] as! Int
}

extension Subject {
    /// Files with rows 0..<`rows`, in as many tables as the library likes, and nothing in a log.
    func makeTables(_ path: String, rows: Int) throws {
        let engine = try open(path)
        for first in stride(from: 0, to: rows, by: 100) {
            var batch = WriteBatch()
            for number in first..<first + 100 { batch.put(.data, Row.key(number), Row.value(number)) }
            try engine.write(batch, durability: .buffered)
        }
        // So that there are free pages, too.
        for number in 0..<200 { try engine.put(Row.key(number), Row.value(number)) }
        try engine.compact(.data)
        try engine.close()
    }

    /// The files that hold rows once all is compacted: there the log is empty.
    static func tables(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted().filter {
            $0.hasSuffix(".sst") || $0.hasSuffix(".ldb") || $0 == "data.mdb"
        }
    }
}
