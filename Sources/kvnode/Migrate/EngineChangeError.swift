import Engine

/// Why the engine of a data directory was not changed, or its files not repaired. Whatever the reason, the data is as it was,
/// unless it says so.
struct EngineChangeError: Error, Equatable, CustomStringConvertible {
    enum Kind: String, Sendable {
        case failed
        /// A node, or another change of it, has the directory.
        case inUse = "in_use"
        case noSpace = "no_space"
        /// The data is the engine's already, or is not damaged.
        case nothingToDo = "nothing_to_do"
    }

    var kind: Kind
    var description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// The present engine does not open.
    init(opening directory: DataDirectory, _ error: EngineError) {
        let refusal = "the data of the engine \(directory.marker.engine) does not open: \(error)"
        switch error.code {
        case .locked: self.init(.inUse, "\(directory.path) is in use: stop the node first (\(error))")
        case .noSpace: self.init(.noSpace, "\(refusal): make room on the disk")
        case _ where error.isDamage:
            self.init(.failed, "\(refusal): kvnode engine repair saves what can be read")
        default: self.init(.failed, refusal)
        }
    }

    /// Nothing can be put together of files that do not open.
    init(rebuilding directory: DataDirectory, _ error: EngineError, after refusal: EngineError) {
        if error.code == .noSpace {
            self.init(
                .noSpace,
                "what can be read finds no room beside the damaged files (\(error)): make room on the disk")
        } else {
            self.init(
                .failed,
                """
                nothing can be read of \(directory.enginePath): it does not open (\(refusal)), and cannot be put together \
                anew (\(error)). Move what is in \(directory.path) away and start the node: its peers fill it
                """)
        }
    }

    /// A step failed, and the copy is removed, on which the room that is left on the disk depends.
    init(_ error: any Error, to engine: String, in path: String) {
        let copying = error as? EngineCopyError
        let cause = copying?.error ?? error as? EngineError
        if let error = error as? EngineChangeError {
            self = error
        } else if cause?.code == .noSpace, copying?.step != .reading {
            let left = Files.freeBytes(at: path).map { Quantity.bytes($0) } ?? "an unknown number of bytes"
            let advice = "make room on the disk, or raise what engine.\(engine).* has as the largest size"
            self.init(.noSpace, "\(error): \(advice) (without the copy, the disk has \(left) left)")
        } else {
            self.init(.failed, "\(error)")
        }
    }
}
