import Glibc

/// The file that a checkpoint of the memory engine writes.
///
/// Integers are little endian. Eight bytes of magic; for each row: keyspace (1), key's size (2), value's size (4), key,
/// value; a byte FF; the FNV-1a hash (64 bit) of all that, which any single flipped bit changes.
enum MemoryFile {
    private static let magic = Array("KVNMEM\u{0}\u{1}".utf8)
    private static let end: UInt8 = 0xFF
    private static let name = "/memory.checkpoint"

    /// Makes the file durable, though not its name in `directory`.
    static func save(_ maps: [OrderedMap], directory: String) throws(EngineError) {
        let path = directory + name
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Files.error(errno, "cannot create", path) }
        defer { close(descriptor) }
        var buffer = magic
        var hash = Checksum()
        func flush() throws(EngineError) {
            hash.add(buffer[...])
            try Files.write(buffer, to: descriptor, path)
            buffer.removeAll(keepingCapacity: true)
        }
        for keyspace in Keyspace.allCases {
            try maps[Int(keyspace.rawValue)].forEach(in: .all, reverse: false) {
                (key, value) throws(EngineError) in
                buffer.append(keyspace.rawValue)
                append(UInt64(key.count), bytes: 2, to: &buffer)
                append(UInt64(value.count), bytes: 4, to: &buffer)
                buffer += key
                buffer += value
                if buffer.count >= 1 << 20 { try flush() }
                return true
            }
        }
        buffer.append(end)
        try flush()
        append(hash.value, bytes: 8, to: &buffer)
        try Files.write(buffer, to: descriptor, path)
        if fsync(descriptor) != 0 { throw Files.error(errno, "cannot sync", path) }
    }

    /// The maps of the directory's checkpoint, or empty ones if it holds none.
    static func load(directory: String) throws(EngineError) -> [OrderedMap] {
        var maps = [OrderedMap](repeating: OrderedMap(), count: Keyspace.allCases.count)
        let path = directory + name
        guard Files.exists(path) else { return maps }
        let bytes = try Files.read(path)
        let damaged = EngineError(.corruption, "the checkpoint is damaged", path: path)
        guard bytes.count >= magic.count + 9, bytes.starts(with: magic) else { throw damaged }
        let bodyEnd = bytes.count - 8
        var hash = Checksum()
        hash.add(bytes[..<bodyEnd])
        guard hash.value == number(bytes[bodyEnd...]), bytes[bodyEnd - 1] == end else { throw damaged }
        var offset = magic.count
        while offset < bodyEnd - 1 {
            guard offset + 7 < bodyEnd, bytes[offset] < maps.count else { throw damaged }
            let keyspace = Int(bytes[offset])
            let keyEnd = offset + 7 + Int(number(bytes[offset + 1..<offset + 3]))
            let valueEnd = keyEnd + Int(number(bytes[offset + 3..<offset + 7]))
            guard valueEnd < bodyEnd else { throw damaged }
            maps[keyspace].put(Array(bytes[offset + 7..<keyEnd]), Array(bytes[keyEnd..<valueEnd]))
            offset = valueEnd
        }
        return maps
    }

    private static func append(_ number: UInt64, bytes: Int, to buffer: inout [UInt8]) {
        for index in 0..<bytes { buffer.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// FNV-1a, 64 bit (Fowler, Noll, Vo).
private struct Checksum {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
