/// How long to wait before a retry: exponential, with full jitter (M. Brooker, "Exponential Backoff And Jitter", 2015), so that
/// clients which failed together don't come back together.
struct Backoff: Hashable, Sendable {
    let base: Duration
    let maximum: Duration

    /// - Parameters:
    ///   - retry: 1 for the first.
    ///   - random: From 0 up to, not including, 1.
    func delay(beforeRetry retry: Int, random: Double) -> Duration {
        // Beyond 2^30 any base is over any maximum.
        let ceiling = min(maximum, base * Double(1 << min(max(retry - 1, 0), 30)))
        return max(.zero, ceiling * random)
    }
}
