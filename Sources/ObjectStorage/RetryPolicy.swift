/// How often what failed for the moment is tried again, and when: after pauses whose bound doubles, each anywhere between none and that
/// bound ("full jitter"), so that nodes which failed together don't come back together.
struct RetryPolicy: Sendable {
    /// After the first attempt.
    var maxRetries: Int
    /// The bound of the first pause.
    var baseDelay: Duration
    var maxDelay: Duration
    /// In 0..<1.
    var random: @Sendable () -> Double
    var sleep: @Sendable (Duration) async throws -> Void

    /// - Throws: What the last attempt failed with.
    func run<Answer>(_ attempt: () async throws(CallFailure) -> Answer) async throws(CallFailure) -> Answer {
        var retries = 0
        while true {
            do throws(CallFailure) {
                return try await attempt()
            } catch {
                guard error.isTransient, retries < maxRetries else {
                    var last = error
                    if retries > 0 { last.reason += " (the last of \(retries + 1) attempts)" }
                    throw last
                }
            }
            try await pause(delay(retries))
            retries += 1
        }
    }

    func delay(_ retries: Int) -> Duration {
        // 2^20 times any smallest pause is past the greatest.
        min(baseDelay * (1 << min(retries, 20)), maxDelay) * random()
    }

    private func pause(_ duration: Duration) async throws(CallFailure) {
        do {
            try await sleep(duration)
        } catch {
            // It ends early only by the task's cancellation.
            throw CallFailure(.cancelled, "cancelled")
        }
    }
}
