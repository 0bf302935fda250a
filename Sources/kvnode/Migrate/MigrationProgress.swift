import Engine

/// The progress of a change of the engine, in words.
struct MigrationProgress {
    private static let width = 24

    /// - Parameter seconds: Since the pass began.
    static func line(_ progress: EngineCopy.Progress, seconds: Double) -> String {
        let percent = Int(progress.fraction * 100)
        var parts = [
            "\(progress.pass.rawValue) \(progress.keyspace.name)", "\(percent) %",
            Quantity.count(progress.rows, "row"), Quantity.bytes(progress.bytes),
        ]
        if seconds > 0 { parts.append(Quantity.bytes(Double(progress.bytes) / seconds) + "/s") }
        if let left = secondsLeft(progress.fraction, seconds) {
            parts.append("\(Quantity.duration(seconds: left)) left")
        }
        return parts.joined(separator: ", ")
    }

    static func bar(_ fraction: Double) -> String {
        let full = Int(min(1, max(0, fraction)) * Double(width))
        return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: width - full) + "]"
    }

    /// Nil as long as the beginning tells too little.
    private static func secondsLeft(_ fraction: Double, _ seconds: Double) -> Double? {
        guard fraction >= 0.01, fraction < 1, seconds >= 1 else { return nil }
        return seconds * (1 - fraction) / fraction
    }
}

/// Shows the progress on standard error: a bar that is drawn anew on a terminal, else a line now and then.
final class ProgressDisplay {
    private let output: Output
    private let isTerminal: Bool
    private let pause: Duration
    private var began = ContinuousClock.now
    private var shown: ContinuousClock.Instant?

    init(_ output: Output = .standardError) {
        self.output = output
        isTerminal = output.isTerminal
        pause = isTerminal ? .milliseconds(100) : .seconds(10)
    }

    /// Shows one pass, which `body` reports.
    func during(_ body: (@escaping (EngineCopy.Progress) -> Void) throws -> Void) rethrows {
        began = .now
        shown = nil
        // The last state of a bar stays on the screen.
        defer { if isTerminal, shown != nil { output.write("\n") } }
        try body { self.show($0) }
    }

    private func show(_ progress: EngineCopy.Progress) {
        let now = ContinuousClock.now
        if let shown, now - shown < pause, progress.fraction < 1 { return }
        shown = now
        let line = MigrationProgress.line(progress, seconds: (now - began) / .seconds(1))
        output.write(
            isTerminal
                ? "\r\(MigrationProgress.bar(progress.fraction)) \(line)\u{1B}[K" : "kvnode: \(line)\n")
    }
}
