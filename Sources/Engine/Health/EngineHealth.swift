/// What an engine's calls have shown of its files since it was opened.
public struct EngineHealth: Equatable, Sendable {
    public enum State: String, Sendable {
        case ok
        /// Reads of some keys fail. It stays so until the engine is opened anew.
        case damaged
        /// The last write failed for want of room; one that succeeds ends that.
        case full
        /// The last write failed since the system or the library could not do it; one that succeeds ends that.
        case failed
    }

    /// Reads that failed since what is stored could not be read.
    public var failedReads = 0
    /// Writes that failed since the disk is full, or cannot be written.
    public var failedWrites = 0
    /// Why the last of the reads did.
    public var readError: EngineError?
    /// Why the last write did, if it did.
    public var writeError: EngineError?

    public init() {}

    /// The worst that holds.
    public var state: State {
        if let writeError { return writeError.code == .noSpace ? .full : .failed }
        return failedReads > 0 ? .damaged : .ok
    }

    /// What stands for the state.
    public var error: EngineError? { writeError ?? readError }
}
