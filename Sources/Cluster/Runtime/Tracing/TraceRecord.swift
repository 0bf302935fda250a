import ClusterCore
import Engine
import NIOCore

/// What threads that serve requests put down for a trace: plain values, of which spans are made later, and elsewhere. To make them at
/// once is work that each such thread does seldom, with code and data that it has not at hand and that take the place of what it has.
enum TraceRecord: Sendable {
    case request(RequestRecord)
    case part(PartRecord)
    case work(WorkRecord)

    /// How many spans it comes to.
    var spanCount: Int {
        switch self {
        case .request(let request): 1 + request.asks.count
        case .part(let part): part.work == nil ? 1 : 2
        case .work: 1
        }
    }
}

/// A request that this node was asked, and whom it asked for it.
struct RequestRecord: Sendable {
    /// Of its span, where others were told of it; nil leaves it to the tracer.
    var own: TraceContext?
    /// Of the span that has brought it about; nil if it begins its trace.
    var parent: TraceContext?
    var clock: TraceClock
    var asks: [Ask] = []
    /// By what it went, if that was known.
    var quorum: (n: Int, r: Int, w: Int)?
    var answer: Answer
    var isAfterTheFact = false

    /// Somebody was asked.
    struct Ask: Sendable {
        var node: NodeID
        /// For which operation: one may ask a node anew that owes another an answer.
        var operation: UInt64
        var step: RequestTimeline.Step
        /// It was a read of what was known to be in memory.
        var isInMemory = false
        /// Of its span, where others were told of it; 0 leaves it to the tracer.
        var spanID: UInt64
        var begun: NIODeadline
        /// Nil while it is owed.
        var ended: NIODeadline?
        var failure: SpanFailure?
    }

    /// What is known at the end.
    struct Answer: Sendable {
        var kind: RequestKind
        var origin: RequestOrigin
        var user: String
        var subject: RequestSubject
        var byteCount: Int
        var retries: Int
        var submitted: NIODeadline
        var answered: NIODeadline
        /// Why it failed; nil if it was served.
        var error: RequestError?

        init(_ attempt: Attempt, _ subject: RequestSubject, _ response: Response, at answered: NIODeadline) {
            kind = attempt.kind
            origin = attempt.origin
            user = attempt.user
            self.subject = subject
            byteCount = attempt.byteCount
            retries = attempt.retries
            submitted = attempt.submitted
            self.answered = answered
            if case .failed(let error) = response { self.error = error }
        }
    }
}

/// What a peer asked of this node's replica.
struct PartRecord: Sendable {
    var step: RequestTimeline.Step
    var peer: NodeID
    /// Of the span that asked.
    var parent: TraceContext
    var clock: TraceClock
    /// When the batch came that it was part of.
    var begun: NIODeadline
    var ended: NIODeadline
    /// It was a read of what was known to be in memory.
    var isInMemory = false
    var failure: ReplicaError?
    /// What it had the engine do, unless that took no time.
    var work: EngineWork?
}

/// What a request had this node's own engine do.
struct WorkRecord: Sendable {
    /// Of the span of the ask.
    var parent: TraceContext
    var clock: TraceClock
    var work: EngineWork
    /// Why a read failed. A commit says so itself.
    var failure: ReplicaError?
}

enum EngineWork: Sendable {
    case commit(GroupCommit)
    case read(EngineRead)
}

struct EngineRead: Sendable {
    var begun: NIODeadline
    var ended: NIODeadline
    /// How many were read together; nil for a range of them.
    var keys: Int?
}
