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
