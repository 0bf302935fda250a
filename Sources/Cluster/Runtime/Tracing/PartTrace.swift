import ClusterCore
import Engine
import NIOCore

/// What a peer asks of this node's replica, if that is recorded. Any thread; to be ended once.
struct PartTrace: Sendable {
    let tracer: NodeTracer
    private let record: PartRecord

    /// - Parameters:
    ///   - parent: Of the span that asks.
    ///   - arrived: When the batch came that it is part of.
    init(
        _ step: RequestTimeline.Step, askedBy peer: NodeID, under parent: TraceContext,
        at arrived: NIODeadline, by tracer: NodeTracer
    ) {
        self.tracer = tracer
        record = PartRecord(
            step: step, peer: peer, parent: parent, clock: tracer.clock(), begun: arrived, ended: arrived)
    }

    /// It ends now.
    ///
    /// - Parameters:
    ///   - error: Why it was not done; nil if it was.
    ///   - isInMemory: Whether it was a read of what was known to be in memory.
    ///   - work: What it had the engine do.
    func end(_ error: ReplicaError?, isInMemory: Bool = false, after work: EngineWork? = nil) {
        var record = record
        record.ended = tracer.now
        record.isInMemory = isInMemory
        record.failure = error
        record.work = work
        tracer.append(.part(record))
    }
}

/// What the engine does for a request of this node's own that is recorded. Any thread. It may go on after the request.
struct WorkTrace: Sendable {
    let tracer: NodeTracer
    /// Of the span of the ask.
    let parent: TraceContext
    let clock: TraceClock

    /// - Parameter error: Why a read failed. A commit says so itself.
    func record(_ work: EngineWork, _ error: ReplicaError? = nil) {
        tracer.append(.work(WorkRecord(parent: parent, clock: clock, work: work, failure: error)))
    }
}

/// One of a batch for the engine that is recorded. They are few, so that they are kept beside the batch.
struct Recorded<Trace: Sendable>: Sendable {
    /// In the batch.
    var index: Int
    var trace: Trace
}

extension [Recorded<WorkTrace>] {
    /// - Parameter commit: That these entries were part of, but for those that could not be staged; nil if there was none.
    func record(_ commit: GroupCommit?, of entries: [ReplicaWriteJob.Entry]) {
        guard let commit else { return }
        for entry in self where entries[entry.index].isStaged { entry.trace.record(.commit(commit)) }
    }

    /// - Parameter read: Which these answers came of; nil if there was none.
    func record(_ read: EngineRead?, _ answers: [PeerReply]) {
        guard let read else { return }
        for entry in self { entry.trace.record(.read(read), answers[entry.index].error) }
    }
}

extension [Recorded<PartTrace>] {
    /// The rest is as above.
    func end(_ entries: [ReplicaWriteJob.Entry], after commit: GroupCommit?) {
        for part in self {
            let work = entries[part.index].isStaged ? commit.map { EngineWork.commit($0) } : nil
            part.trace.end(entries[part.index].error, after: work)
        }
    }

    func end(_ answers: [PeerReply], after read: EngineRead?) {
        for part in self { part.trace.end(answers[part.index].error, after: read.map { .read($0) }) }
    }
}

extension ReplicaWriteJob.Entry {
    fileprivate var error: ReplicaError? {
        if case .failure(let error) = outcome { error } else { nil }
    }
}
