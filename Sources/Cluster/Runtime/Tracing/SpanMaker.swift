import ClusterCore
import Engine
import NIOCore
import Tracing

/// Makes the spans of what a node has recorded, each at once from its begin to its end.
struct SpanMaker {
    private let tracer: any Tracer
    private let nodeName: String
    private let selfID: NodeID
    private let name: @Sendable (NodeID) -> String?
    /// Kept, as a node may have left when the spans are made that tell of it.
    private var names: [NodeID: String] = [:]

    /// - Parameter name: Gives a node's name, if it is known.
    init(_ tracer: any Tracer, nodeName: String, name: @escaping @Sendable (NodeID) -> String?) {
        self.tracer = tracer
        self.nodeName = nodeName
        selfID = NodeID(name: nodeName)
        self.name = name
    }

    mutating func make(_ record: TraceRecord) {
        switch record {
        case .request(let request): make(request)
        case .part(let part): make(part)
        case .work(let work): add(Piece(work.work, work.failure), work.clock, under: .below(work.parent))
        }
    }

    private mutating func make(_ request: RequestRecord) {
        var parent = request.parent
        // It is recorded, whether its client thought so or not.
        parent?.isSampled = true
        let whole = add(
            Piece(request, at: nodeName), request.clock, under: .below(parent), as: request.own)
        for ask in request.asks {
            let own = request.own.flatMap {
                TraceContext(traceID: $0.traceID, spanID: ask.spanID, isSampled: true)
            }
            let peer = ask.node == selfID ? nil : knownName(of: ask.node)
            add(
                Piece(ask, of: peer, until: request.answer.answered), request.clock, under: whole, as: own)
        }
    }

    private mutating func make(_ part: PartRecord) {
        let piece = Piece(part, askedBy: knownName(of: part.peer), at: nodeName)
        let whole = add(piece, part.clock, under: .below(part.parent))
        if let work = part.work { add(Piece(work, part.failure), part.clock, under: whole) }
    }

    private mutating func knownName(of node: NodeID) -> String {
        if let name = names[node] { return name }
        guard let name = name(node) else { return String(node.rawValue, radix: 16) }
        names[node] = name
        return name
    }

    /// Makes one span.
    ///
    /// - Returns: Its context.
    @discardableResult
    private func add(
        _ piece: Piece, _ clock: TraceClock, under parent: ServiceContext, as own: TraceContext? = nil
    ) -> ServiceContext {
        var context = parent
        context.presetTraceContext = own
        let span = tracer.startSpan(
            piece.name, context: context, ofKind: piece.kind, at: clock.instant(piece.begun))
        if !piece.attributes.isEmpty { span.attributes = piece.attributes }
        if let message = piece.error { span.setStatus(SpanStatus(code: .error, message: message)) }
        span.end(at: clock.instant(piece.ended))
        return span.context
    }
}

extension ServiceContext {
    fileprivate static func below(_ parent: TraceContext?) -> ServiceContext {
        var context = ServiceContext.topLevel
        context.traceContext = parent
        return context
    }
}

/// All that a span tells but for where it is in its trace.
private struct Piece {
    var name: String
    var kind: SpanKind
    var begun: NIODeadline
    var ended: NIODeadline
    var attributes = SpanAttributes()
    /// Why its work was not done; nil if it was, or if that is no fault of the node's.
    var error: String?

    /// A request.
    init(_ request: RequestRecord, at nodeName: String) {
        let answer = request.answer
        name = answer.spanName
        kind = .server
        (begun, ended) = (answer.submitted, answer.answered)
        attributes = SpanAttributes(of: request, at: nodeName)
        if let failure = answer.error, failure.code.isNodesFault { error = failure.message }
    }

    /// What a node was asked.
    ///
    /// - Parameters:
    ///   - peer: Its name; nil for this node.
    ///   - answered: When it stopped to be of use, if it owes its answer still.
    init(_ ask: RequestRecord.Ask, of peer: String?, until answered: NIODeadline) {
        name = ask.step.name
        kind = peer == nil ? .internal : .client
        (begun, ended) = (ask.begun, ask.ended ?? answered)
        if let peer { attributes = SpanAttributes(asking: peer, to: ask.step) }
        if ask.isInMemory { attributes = .ofReadInMemory }
        if let failure = ask.failure { fail(failure) }
    }

    /// What a peer has asked.
    init(_ part: PartRecord, askedBy peer: String, at nodeName: String) {
        name = part.step.name
        kind = .server
        (begun, ended) = (part.begun, part.ended)
        attributes = SpanAttributes(
            askedBy: peer, to: part.step, at: nodeName, isInMemory: part.isInMemory)
        if let failure = part.failure { fail(.replica(failure)) }
    }

    /// What the engine did.
    ///
    /// - Parameter failure: Of a read.
    init(_ work: EngineWork, _ failure: ReplicaError?) {
        kind = .internal
        switch work {
        case .commit(let commit):
            name = "engine commit"
            // The executor's clock is that of the loops.
            (begun, ended) = (.uptimeNanoseconds(commit.begun), .uptimeNanoseconds(commit.ended))
            attributes = SpanAttributes(of: commit)
            if let failure = commit.error { fail(.replica(ReplicaError(failure))) }
        case .read(let read):
            name = "engine read"
            (begun, ended) = (read.begun, read.ended)
            attributes = SpanAttributes(ofReadOf: read.keys)
            if let failure { fail(.replica(failure)) }
        }
    }

    private mutating func fail(_ failure: SpanFailure) {
        attributes.set(errorType: failure.type)
        error = failure.message
    }
}
