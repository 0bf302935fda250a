#if LevelDB
import Engine

/// How the keyspaces share one ordered map: a key is stored behind one byte, its keyspace's raw value.
enum LevelKey {
    static let maxCount = EngineLimits.maxKeySize + 1
    /// Stands behind all keyspaces and holds nothing; deleting it with a sync is how the log is synced.
    static let marker: [UInt8] = [0xFF]

    /// Calls `body` with the stored form of `key`, which lies on the stack.
    @inline(__always)
    static func with<R>(
        _ keyspace: Keyspace, _ key: [UInt8], _ body: (UnsafeRawBufferPointer) -> R
    ) throws(EngineError) -> R {
        try key.withKeyBytes { (key) throws(EngineError) in
            withUnsafeTemporaryAllocation(byteCount: maxCount, alignment: 1) { room in
                body(write(keyspace, key, to: room))
            }
        }
    }

    /// Writes the stored form of `key` to `room`, which holds `maxCount` bytes at least.
    @inline(__always)
    static func write(
        _ keyspace: Keyspace, _ key: UnsafeRawBufferPointer, to room: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        room[0] = keyspace.rawValue
        UnsafeMutableRawBufferPointer(rebasing: room[1...]).copyMemory(from: key)
        return UnsafeRawBufferPointer(rebasing: room[..<(key.count + 1)])
    }

    /// The stored form of a range's bounds.
    static func bounds(_ keyspace: Keyspace, _ range: KeyRange) -> (lower: [UInt8], upper: [UInt8]) {
        let upper = range.upper.map { [keyspace.rawValue] + $0 } ?? [keyspace.rawValue + 1]
        return ([keyspace.rawValue] + range.lower, upper)
    }
}
#endif
