import Synchronization

/// Shows how far a command has come on standard error: a bar on a terminal, else a line now and then.
final class PassDisplay: Sendable {
    private let output = Output.standardError
    private let isTerminal: Bool
    private let pause: Duration
    private let shown = Mutex<ContinuousClock.Instant?>(nil)

    init() {
        isTerminal = output.isTerminal
        pause = isTerminal ? .milliseconds(100) : .seconds(10)
    }

    /// - Parameter fraction: From 0 to 1.
    func show(_ fraction: Double, _ text: String) {
        let now = ContinuousClock.now
        let isDue = shown.withLock { shown in
            if let last = shown, now - last < pause, fraction < 1 { return false }
            shown = now
            return true
        }
        guard isDue else { return }
        let line = "\(Int(fraction * 100)) %, \(text)"
        output.write(
            isTerminal ? "\r\(MigrationProgress.bar(fraction)) \(line)\u{1B}[K" : "kvnode: \(line)\n")
    }

    /// The last state of a bar stays on the screen.
    func end() { if isTerminal, shown.withLock({ $0 != nil }) { output.write("\n") } }
}
