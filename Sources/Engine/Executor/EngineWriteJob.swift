/// One read-modify-write, or a plain write, for the executor's writer thread.
///
/// Class-bound, so that what a job finds out travels without copies: the job keeps it for its `finished`.
public protocol EngineWriteJob: AnyObject, Sendable {
    /// What the commit that holds this job must survive at least; a group takes the strongest of its jobs.
    var durability: Durability { get }

    /// On the writer thread, before the commit: reads what it needs and stages its writes.
    ///
    /// A throw fails this job alone: what it staged is taken back, and the rest of the group goes on.
    func stage(_ stage: inout WriteStage) throws(EngineError)

    /// On the writer thread, exactly once for each accepted job: after the commit that held it, or with the error that failed it.
    func finished(_ result: Result<Void, EngineError>)
}
