import Synchronization

/// Spans that have ended and wait for export: no more than a bound, beyond which new ones are dropped, and counted. Any thread.
final class SpanQueue: Sendable {
    private struct State {
        var spans: [OTLPSpan] = []
        var dropped = 0
        var isClosed = false
        var droppedBefore: @Sendable () -> Int = { 0 }
    }

    let maxSpans: Int
    let batchSpans: Int
    private let state = Mutex(State())
    /// Is ended when a batch is full.
    private let pause: Pause

    /// - Parameters:
    ///   - batchSpans: Spans that are exported together, at most.
    ///   - pause: In which the exporter waits for spans.
    init(maxSpans: Int, batchSpans: Int, pause: Pause) {
        self.maxSpans = maxSpans
        self.batchSpans = batchSpans
        self.pause = pause
    }

    func append(_ span: OTLPSpan) {
        let count = state.withLock { state in
            guard state.spans.count < maxSpans, !state.isClosed else {
                state.dropped += 1
                return 0
            }
            state.spans.append(span)
            return state.spans.count
        }
        // Once for each batch that fills: the exporter takes all there are.
        if count == batchSpans { pause.end() }
    }

    /// Has the exporter take what there is.
    func hurry() { pause.end() }

    /// Takes the oldest, no more than a batch.
    func takeBatch() -> [OTLPSpan] {
        state.withLock { state in
            let batch = Array(state.spans.prefix(batchSpans))
            state.spans.removeFirst(batch.count)
            return batch
        }
    }

    /// Drops what waits, and from now on whatever comes.
    ///
    /// - Returns: How many waited.
    func close() -> Int {
        state.withLock { state in
            state.isClosed = true
            defer { state.spans = [] }
            return state.spans.count
        }
    }

    /// How many wait.
    var count: Int { state.withLock { $0.spans.count } }

    /// How many were dropped, since the start, as there was no room for them: here, or before they came here.
    var dropped: Int {
        let (dropped, droppedBefore) = state.withLock { ($0.dropped, $0.droppedBefore) }
        return dropped + droppedBefore()
    }

    /// - Parameter dropped: How many spans have found no room before they came here, since the start.
    func follow(_ dropped: @escaping @Sendable () -> Int) { state.withLock { $0.droppedBefore = dropped } }
}
