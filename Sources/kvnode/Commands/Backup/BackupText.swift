import Messages
import Synchronization

/// A node's backup, in words.
enum BackupText {
    static func line(of status: Kvnode_V1_BackupStatus) -> String {
        let backup = "\(status.node): backup \(status.id)"
        let text =
            switch status.state {
            case .done: "\(backup) is complete: \(amounts(status))"
            case .running:
                "\(backup), \(status.partitionsDone) of \(status.partitions) partitions, \(amounts(status))"
            case .failed: "\(backup) failed: \(status.error) (\(status.reason))"
            case .cancelled: "\(backup) was ended early"
            case .none, .unspecified, .UNRECOGNIZED: "\(status.node): no backup since the start"
            }
        return text + "\n"
    }

    private static func amounts(_ status: Kvnode_V1_BackupStatus) -> String {
        let read = "\(Quantity.count(status.rows, "key")), \(Quantity.bytes(status.bytes))"
        let sent = "\(Quantity.bytes(status.sentBytes)) sent"
        guard status.endedMs > status.beganMs else { return "\(read), \(sent)" }
        return "\(read), \(sent), in \(Quantity.duration(millis: status.endedMs - status.beganMs))"
    }
}

/// Shows the progress of several nodes on standard error: a bar on a terminal, else a line now and then.
final class BackupDisplay: Sendable {
    private struct State {
        var nodes: [String: Kvnode_V1_BackupStatus] = [:]
        var shown: ContinuousClock.Instant?
        var pace = Pace()
    }

    private let output = Output.standardError
    private let pause: Duration
    private let isTerminal: Bool
    private let begun = ContinuousClock.now
    private let state = Mutex(State())

    init() {
        isTerminal = output.isTerminal
        pause = isTerminal ? .milliseconds(100) : .seconds(10)
    }

    func show(_ status: Kvnode_V1_BackupStatus) {
        let line: String? = state.withLock { state in
            state.nodes[status.node] = status
            let now = ContinuousClock.now
            if let shown = state.shown, now - shown < pause { return nil }
            state.shown = now
            return self.line(&state)
        }
        if let line { output.write(line) }
    }

    /// The last state of a bar stays on the screen.
    func end() {
        let line = state.withLock { self.line(&$0) }
        if isTerminal { output.write(line + "\n") }
    }

    private func line(_ state: inout State) -> String {
        let nodes = state.nodes.values
        let total = nodes.reduce(0) { $0 + Int($1.partitions) }
        let done = nodes.reduce(0) { $0 + Int($1.partitionsDone) }
        let fraction = total == 0 ? 0 : Double(done) / Double(total)
        let rows = nodes.reduce(0) { $0 + $1.rows }
        let sent = nodes.reduce(0) { $0 + $1.sentBytes }
        let pace = state.pace.text(
            fraction: fraction, amount: Double(sent), seconds: (ContinuousClock.now - begun) / .seconds(1),
            rate: Quantity.bytes)
        let text =
            "\(Int(fraction * 100)) %, \(Quantity.count(rows, "key")), \(Quantity.bytes(sent)) sent\(pace)"
        return isTerminal ? "\r\(MigrationProgress.bar(fraction)) \(text)\u{1B}[K" : "kvnode: \(text)\n"
    }
}
