import Engine

/// What a node's storage engine has shown of its files since it was opened (`EngineHealth`).
public struct EngineStatus: Equatable, Sendable {
    public enum State: Sendable {
        case ok
        /// Some keys cannot be read.
        case damaged
        /// The last write failed for want of room.
        case full
        /// The last write failed, since the system or the library could not do it.
        case failed
    }

    public var state: State
    public var failedReads: Int
    public var failedWrites: Int
    /// What stands for the state, in the library's words; nil if all is well.
    public var error: String?

    public init(state: State = .ok, failedReads: Int = 0, failedWrites: Int = 0, error: String? = nil) {
        self.state = state
        self.failedReads = failedReads
        self.failedWrites = failedWrites
        self.error = error
    }

    init(_ health: EngineHealth) {
        let state: State =
            switch health.state {
            case .ok: .ok
            case .damaged: .damaged
            case .full: .full
            case .failed: .failed
            }
        self.init(
            state: state, failedReads: health.failedReads, failedWrites: health.failedWrites,
            error: health.error?.description)
    }
}
