import Synchronization

/// What was recorded and has no spans yet: no more than comes to a bound of spans, beyond which it is dropped, and counted. Any
/// thread.
final class RecordQueue: Sendable {
    /// What to do about what waits.
    enum Due {
        case nothing
        /// Spans are to be made once others have had the time to come.
        case later
        /// Now: there are enough.
        case now
    }

    private struct State {
        var records: [TraceRecord] = []
        /// That they come to.
        var spans = 0
        var dropped = 0
        /// Whether somebody was told `later` and has not come.
        var isTimed = false
    }

    private let maxSpans: Int
    private let batchSpans: Int
    private let state = Mutex(State())

    /// - Parameter batchSpans: For which somebody is to come at once.
    init(maxSpans: Int, batchSpans: Int) {
        self.maxSpans = maxSpans
        self.batchSpans = batchSpans
    }

    func append(_ record: TraceRecord) -> Due {
        let count = record.spanCount
        return state.withLock { state in
            guard state.spans + count <= maxSpans else {
                state.dropped += count
                return .nothing
            }
            let before = state.spans
            state.records.append(record)
            state.spans += count
            // Once for each batch that fills: whoever comes takes all there are.
            if before < batchSpans, state.spans >= batchSpans { return .now }
            if state.isTimed { return .nothing }
            state.isTimed = true
            return .later
        }
    }

    /// Takes all there are.
    ///
    /// - Parameter isTimed: Whether that is what `later` was for.
    func take(isTimed: Bool) -> [TraceRecord] {
        // So that none of those who serve requests has to make room: most records come to two spans or more.
        var records: [TraceRecord] = []
        records.reserveCapacity(min(batchSpans, maxSpans) / 2)
        state.withLock { state in
            swap(&records, &state.records)
            state.spans = 0
            if isTimed { state.isTimed = false }
        }
        return records
    }

    /// How many spans were dropped, since the start, as there was no room for what they are made of.
    var dropped: Int { state.withLock { $0.dropped } }
}
