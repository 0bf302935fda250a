extension EngineLimits {
    /// Refuses a key of a size that some engine could not hold.
    @inlinable
    package static func check(keyCount count: Int) throws(EngineError) {
        if count == 0 { throw EngineError(.keyEmpty, "a key has at least one byte") }
        if count > maxKeySize {
            throw EngineError(.keyTooLarge, "the key has \(count) bytes, at most \(maxKeySize) are allowed")
        }
    }

    /// Refuses a value that is larger than every engine takes.
    @inlinable
    package static func check(valueCount count: Int) throws(EngineError) {
        if count > maxValueSize {
            throw EngineError(
                .valueTooLarge, "the value has \(count) bytes, at most \(maxValueSize) are allowed")
        }
    }
}

extension KeyRange {
    /// No key lies in the range.
    package var isEmpty: Bool {
        guard let upper else { return false }
        return !lower.precedes(upper)
    }

    /// A bound above every allowed key, for libraries that have no open-ended ranges.
    package static let aboveEveryKey = [UInt8](repeating: 0xFF, count: EngineLimits.maxKeySize + 1)
}

extension EngineError {
    package static func closed(_ path: String) -> EngineError {
        EngineError(.closed, "the engine is closed", path: path)
    }
}
