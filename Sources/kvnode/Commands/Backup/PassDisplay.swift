import Synchronization

/// Shows how far a command has come on standard error: a bar on a terminal, else a line now and then.
final class PassDisplay: Sendable {
    private struct State {
        var shown: ContinuousClock.Instant?
        var pace = Pace()
    }

    private let output = Output.standardError
    private let isTerminal: Bool
    private let pause: Duration
    private let begun = ContinuousClock.now
    private let state = Mutex(State())

    init() {
        isTerminal = output.isTerminal
        pause = isTerminal ? .milliseconds(100) : .seconds(10)
    }

    /// - Parameters:
    ///   - fraction: From 0 to 1.
    ///   - keys: That are done.
    func show(_ fraction: Double, keys: Int, _ text: String) {
        let now = ContinuousClock.now
        let pace: String? = state.withLock { state in
            if let last = state.shown, now - last < pause, fraction < 1 { return nil }
            state.shown = now
            return state.pace.text(
                fraction: fraction, amount: Double(keys), seconds: (now - begun) / .seconds(1)
            ) { "\(Quantity.rate($0)) keys" }
        }
        guard let pace else { return }
        let line = "\(Int(fraction * 100)) %, \(text)\(pace)"
        output.write(
            isTerminal ? "\r\(MigrationProgress.bar(fraction)) \(line)\u{1B}[K" : "kvnode: \(line)\n")
    }

    /// The last state of a bar stays on the screen.
    func end() { if isTerminal, state.withLock({ $0.shown != nil }) { output.write("\n") } }
}
