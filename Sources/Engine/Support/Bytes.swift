import Glibc

extension UnsafeRawBufferPointer {
    /// The same bytes as C libraries take them.
    @inlinable
    package var chars: UnsafePointer<CChar>? { baseAddress?.assumingMemoryBound(to: CChar.self) }

    /// Bytewise order, a shorter one before what it begins.
    package func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
        let common = Swift.min(count, other.count)
        guard common > 0, let mine = baseAddress, let its = other.baseAddress else {
            return count < other.count
        }
        let order = memcmp(mine, its, common)
        return order < 0 || (order == 0 && count < other.count)
    }

    package func precedes(_ other: [UInt8]) -> Bool { other.span.bytes.withUnsafeBytes { precedes($0) } }
}

extension [UInt8] {
    /// Bytewise order, a shorter one before what it begins.
    package func precedes(_ other: [UInt8]) -> Bool { span.bytes.withUnsafeBytes { $0.precedes(other) } }

    /// Calls `body` with the key's bytes, once their number is checked.
    @inlinable
    package func withKeyBytes<R>(
        _ body: (UnsafeRawBufferPointer) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try EngineLimits.check(keyCount: count)
        return try span.bytes.withUnsafeBytes(body)
    }
}
