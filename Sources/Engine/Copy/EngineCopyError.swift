/// Why a copy of an engine failed, and on which side.
public struct EngineCopyError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Step: Sendable {
        /// The source.
        case reading
        /// The target.
        case writing
        /// The target again.
        case verifying
    }

    public var step: Step
    public var keyspace: Keyspace
    public var error: EngineError

    init(_ step: Step, _ keyspace: Keyspace, _ error: EngineError) {
        self.step = step
        self.keyspace = keyspace
        self.error = error
    }

    /// The target was read back, and is not what was written.
    init(found: KeyspaceDigest, insteadOf expected: KeyspaceDigest) {
        func words(_ digest: KeyspaceDigest) -> String {
            "\(digest.rows) rows of \(digest.bytes) bytes with the hash \(digest.hashText)"
        }
        self.init(
            .verifying, expected.keyspace,
            EngineError(.corruption, "the copy has \(words(found)), the original \(words(expected))"))
    }

    public var description: String {
        switch step {
        case .reading: "the original's \(keyspace.name) cannot be read: \(error)"
        case .writing: "the copy's \(keyspace.name) cannot be written: \(error)"
        case .verifying: "the copy's \(keyspace.name) does not read back as it should: \(error)"
        }
    }
}

extension KeyspaceDigest {
    /// The hash in 16 hexadecimal digits.
    public var hashText: String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
