/// What a store has of the world besides its connections.
struct Environment: Sendable {
    /// The time since the store was made.
    var now: @Sendable () -> Duration
    /// Throws if the task is cancelled.
    var sleep: @Sendable (Duration) async throws -> Void
    /// From 0 up to, not including, 1.
    var random: @Sendable () -> Double

    /// The machine's clock and its random numbers.
    static func system() -> Environment {
        let began = ContinuousClock.now
        return Environment(
            now: { ContinuousClock.now - began }, sleep: { try await Task.sleep(for: $0) },
            random: { .random(in: 0..<1) })
    }
}
