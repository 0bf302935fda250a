/// How many retries there may be, as a share of the requests: a bucket of tokens, filled a little by each request and emptied by
/// one for each retry. While a few requests fail, each finds its token; when all fail, retries add no more than the share.
struct RetryBudget: Hashable, Sendable {
    /// Tokens that a request brings.
    let ratio: Double
    /// Tokens at most.
    let capacity: Double
    private(set) var tokens: Double

    /// Full.
    init(ratio: Double, capacity: Double) {
        self.ratio = max(0, ratio)
        self.capacity = max(0, capacity)
        tokens = self.capacity
    }

    /// A request begins.
    mutating func deposit() { tokens = min(capacity, tokens + ratio) }

    /// Takes what a retry costs; false if there is not enough.
    mutating func withdraw() -> Bool {
        // Sums of fractions such as a tenth fall short of the whole by a hair.
        guard tokens >= 1 - 1e-9 else { return false }
        tokens = max(0, tokens - 1)
        return true
    }
}
