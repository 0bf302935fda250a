import CZstd

/// Blocks that are compressed together, and sealed where a backup is encrypted.
struct FrameCodec: Sendable {
    /// Blocks are gathered up to so many bytes.
    static let targetBytes = 256 << 10
    /// What no frame is longer than, before compression: the largest value, and what is around it.
    static let maxBytes = 1 << 30

    private static let plain: UInt8 = 0
    private static let zstd: UInt8 = 1

    /// 0 for none, else as zstd counts them, 1 to 19.
    var compressionLevel: Int
    var key: BackupKey?

    /// - Parameter place: The frame's own, by which it can be opened.
    func encode(_ bytes: [UInt8], as place: String) throws(BackupError) -> [UInt8] {
        let stored = compressed(bytes) ?? [Self.plain] + bytes
        return if let key { try key.seal(stored, as: place) } else { stored }
    }

    /// - Parameter count: How many bytes it was made of.
    func decode(
        _ stored: ArraySlice<UInt8>, count: Int, as place: String
    ) throws(BackupError) -> [UInt8] {
        let opened = if let key { try key.open(stored, as: place)[...] } else { stored }
        guard let method = opened.first, (0...Self.maxBytes).contains(count) else {
            throw BackupError(.damaged, "\(place) is empty")
        }
        let body = opened.dropFirst()
        switch method {
        case Self.plain where body.count == count: return Array(body)
        case Self.zstd:
            if let bytes = decompressed(body, count: count) { return bytes }
        default: break
        }
        throw BackupError(.damaged, "\(place) is damaged: it does not unpack to \(count) bytes")
    }

    /// Nil if it would not be shorter.
    private func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        guard compressionLevel > 0, !bytes.isEmpty else { return nil }
        var count = 0
        let result = [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, initialized in
            buffer[0] = Self.zstd
            // An error code is larger than any size: the buffer is too short, as nothing is to be gained.
            count = ZSTD_compress(
                buffer.baseAddress! + 1, buffer.count - 1, bytes, bytes.count, Int32(compressionLevel))
            initialized = ZSTD_isError(count) != 0 ? 0 : count + 1
        }
        return result.isEmpty ? nil : result
    }

    private func decompressed(_ body: ArraySlice<UInt8>, count: Int) -> [UInt8]? {
        var found = 0
        let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            body.withUnsafeBytes { source in
                found = ZSTD_decompress(buffer.baseAddress, count, source.baseAddress, source.count)
            }
            initialized = ZSTD_isError(found) != 0 ? 0 : found
        }
        return result.count == count ? result : nil
    }
}
