/// One read-modify-write, or a plain write, for the executor's writer thread.
///
/// With an engine whose writes never wait (`EngineCapabilities.writesInMemory`) any thread that submits jobs may stand for the
/// writer thread, and `finished` may be called before `submit` returns: no lock may be held there that these take.
///
/// Class-bound, so that what a job finds out travels without copies: the job keeps it for its `finished`.
public protocol EngineWriteJob: AnyObject, Sendable {
    /// What the commit that holds this job must survive at least; a group takes the strongest of its jobs.
    var durability: Durability { get }

    /// About how many bytes the job holds while it waits, for the bound of the queue. Asked once, when it is submitted.
    var byteCount: Int { get }

    /// On the writer thread, before the commit: reads what it needs and stages its writes.
    ///
    /// A throw fails this job alone: what it staged is taken back, and the rest of the group goes on.
    func stage(_ stage: inout WriteStage) throws(EngineError)

    /// On the writer thread, right before `finished`, for a job that was part of a commit: well or not, it has ended.
    func ended(_ commit: GroupCommit)

    /// On the writer thread, exactly once for each accepted job: after the commit that held it, or with the error that failed it.
    func finished(_ result: Result<Void, EngineError>)
}

extension EngineWriteJob {
    /// For jobs so small that the number of jobs bounds them well enough.
    public var byteCount: Int { 0 }

    /// For jobs that don't ask what their commit was like.
    public func ended(_ commit: GroupCommit) {}
}
