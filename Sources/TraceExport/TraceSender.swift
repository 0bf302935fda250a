/// What came of one attempt to hand spans over.
enum ExportOutcome: Sendable, Equatable {
    /// The receiver has them, but for so many, and may have said why.
    case taken(rejected: Int, message: String)
    /// Not now: it is to be tried again, and not before so long, if the receiver has said so.
    case unavailable(reason: String, retryAfter: Duration?)
    /// Not these: to try again is no use.
    case refused(reason: String)

    init(_ response: ExportResponse) {
        self = .taken(rejected: Int(clamping: response.rejectedSpans), message: response.message)
    }
}

/// A way to the receiver of traces.
protocol TraceSender: Sendable {
    /// One attempt, which ends within the time that is configured. A cancelled one has the outcome `unavailable`.
    func send(_ request: ExportRequest) async -> ExportOutcome
}
