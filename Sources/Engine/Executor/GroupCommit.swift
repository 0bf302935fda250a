/// One commit of the executor, as the jobs that were part of it are told of it.
///
/// Its times are taken once for the group. They are by ``MonotonicClock``.
public struct GroupCommit: Equatable, Sendable {
    /// When the first of its jobs was staged.
    public var begun: UInt64
    /// When the engine had written all, or had failed to.
    public var ended: UInt64
    public var jobs: Int
    /// Puts and deletes; with none, the engine had nothing to do.
    public var operations: Int
    /// What it was to survive: the strongest that one of its jobs asked for.
    public var durability: Durability
    /// Why nothing of it counts; nil if all was written.
    public var error: EngineError?

    public init(
        begun: UInt64, ended: UInt64, jobs: Int, operations: Int, durability: Durability,
        error: EngineError? = nil
    ) {
        self.begun = begun
        self.ended = ended
        self.jobs = jobs
        self.operations = operations
        self.durability = durability
        self.error = error
    }
}
