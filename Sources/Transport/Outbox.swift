import Cluster
import ClusterCore
import Logging
import Synchronization

/// What waits to leave on one stream: a bounded queue that any thread fills and one writer empties.
///
/// Batches are joined as they come in, up to the batch limit, so what the writer takes has grown with the time that
/// the stream was busy: one message for each batch on an idle stream, few large ones on a busy one.
///
/// An outbox serves one stream at a time and may be used for the next one after `close`.
final class Outbox: PeerReplyPath, Sendable {
    fileprivate enum Phase {
        /// No stream; nothing is taken.
        case closed
        /// The stream is being set up; nothing is taken yet and the writer waits.
        case opening
        case open
        /// Nothing more is taken; the writer gets what is queued, then the end.
        case finishing
    }

    fileprivate struct State {
        var phase = Phase.closed
        /// In order; each no longer than `batchLimit`, the last one still growing.
        var batches: [[UInt8]] = []
        var queuedBytes = 0
        var batchLimit = 0
        var hasRefusedOversize = false
        /// Wakes the writer, when it has found nothing to do.
        var wake: (@Sendable () -> Void)?
    }

    /// What there is for the writer.
    enum Taken {
        case batch([UInt8])
        case nothing
        case end
    }

    private let maxQueuedBytes: Int
    private let logger: Logger
    private let meter: OutboxMeter?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maxQueuedBytes: What may wait here, beside the one batch that is being written.
    ///   - meter: Counts what leaves; nil: nobody does.
    init(maxQueuedBytes: Int, meter: OutboxMeter? = nil, logger: Logger) {
        self.maxQueuedBytes = maxQueuedBytes
        self.meter = meter
        self.logger = logger
    }

    /// What waits here. Any thread.
    var queuedBytes: Int { state.withLock { $0.queuedBytes } }

    var isOpening: Bool { state.withLock { $0.phase == .opening } }

    // MARK: Filling

    func send(_ batch: [UInt8]) -> SendOutcome {
        let (outcome, wake, oversize) = state.withLock {
            state -> (SendOutcome, (@Sendable () -> Void)?, Int?) in
            guard state.phase == .open else { return (.notConnected, nil, nil) }
            guard batch.count <= state.batchLimit else {
                defer { state.hasRefusedOversize = true }
                return (.full, nil, state.hasRefusedOversize ? nil : state.batchLimit)
            }
            guard batch.count <= maxQueuedBytes - state.queuedBytes else { return (.full, nil, nil) }
            state.append(batch)
            return (.accepted, state.wake.take(), nil)
        }
        wake?()
        if outcome != .accepted { meter?.refused(isFull: outcome == .full) }
        if let limit = oversize {
            logger.warning(
                "a batch was refused: it is longer than the peer accepts",
                metadata: ["bytes": "\(batch.count)", "limit": "\(limit)"])
        }
        return outcome
    }

    // MARK: Emptying

    /// The next batch to write. Only for the one writer.
    ///
    /// - Parameter wake: Called once, on any thread, when there may be more, if there is `nothing` now.
    func take(orWake wake: @escaping @Sendable () -> Void) -> Taken {
        let taken = state.withLock { state in
            let taken = state.take()
            if case .nothing = taken { state.wake = wake }
            return taken
        }
        if case .batch(let batch) = taken { meter?.sent(batch.count) }
        return taken
    }

    /// The same for a writer that is a task: as soon as there is a batch; nil when there will be none.
    func next() async -> [UInt8]? {
        while true {
            let taken: Taken = await withCheckedContinuation { continuation in
                let taken = take(orWake: { continuation.resume(returning: Taken.nothing) })
                if case .nothing = taken { return }
                continuation.resume(returning: taken)
            }
            switch taken {
            case .batch(let batch): return batch
            case .end: return nil
            case .nothing: continue
            }
        }
    }

    // MARK: The life of a stream

    /// A stream is being set up: from now on `next` waits.
    func begin() {
        state.withLock {
            precondition($0.phase == .closed, "the outbox has a stream already")
            $0 = State(phase: .opening)
        }
    }

    /// The stream is up and takes batches of `batchLimit` bytes. False if it has been ended meanwhile.
    func open(batchLimit: Int) -> Bool {
        state.withLock {
            guard $0.phase == .opening else { return false }
            $0.phase = .open
            $0.batchLimit = batchLimit
            return true
        }
    }

    /// Takes no more; the writer still gets what is queued. Returns whether the stream is up, however often this is called.
    @discardableResult
    func finish() -> Bool {
        let (isUp, wake) = state.withLock { state in
            if state.phase == .open || state.phase == .opening { state.phase = .finishing }
            // Set by `open`, and gone with `close`.
            return (state.batchLimit > 0, state.wake.take())
        }
        wake?()
        return isUp
    }

    /// The stream is gone, and with it what is queued.
    func close() {
        let wake = state.withLock { state in
            let wake = state.wake
            state = State()
            return wake
        }
        wake?()
    }
}

extension Outbox.State {
    fileprivate var isIdle: Bool {
        batches.isEmpty && (phase == .opening || phase == .open)
    }

    fileprivate mutating func append(_ batch: [UInt8]) {
        guard !batch.isEmpty else { return }
        queuedBytes += batch.count
        if let last = batches.indices.last, batches[last].count + batch.count <= batchLimit {
            batches[last].append(contentsOf: batch)
        } else {
            batches.append(batch)
        }
    }

    fileprivate mutating func take() -> Outbox.Taken {
        guard !batches.isEmpty else { return isIdle ? .nothing : .end }
        // Few elements, since batches are joined: moving them up costs nothing that matters.
        let batch = batches.removeFirst()
        queuedBytes -= batch.count
        return .batch(batch)
    }
}
