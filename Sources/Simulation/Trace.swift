import ClusterCore

/// What happened, line by line. The same seed gives the same lines.
final class Trace {
    private let scheduler: Scheduler
    private let print: ((String) -> Void)?
    /// Of all lines so far.
    private(set) var digest: UInt64 = 0
    private(set) var lineCount = 0
    private var last: [String] = []
    private static let kept = 4_000

    /// - Parameter print: Takes each line as it comes.
    init(_ scheduler: Scheduler, print: ((String) -> Void)?) {
        self.scheduler = scheduler
        self.print = print
    }

    func callAsFunction(_ line: @autoclosure () -> String) {
        let micros = scheduler.now / 1_000
        let text =
            "\(micros / 1_000_000).\(String(String(micros % 1_000_000 + 1_000_000).dropFirst())) \(line())"
        digest = hash64(Array("\(digest) \(text)".utf8))
        lineCount += 1
        print?(text)
        last.append(text)
        if last.count >= 2 * Self.kept { last.removeFirst(Self.kept) }
    }

    /// The latest lines that name `word`, or a fault.
    func lines(naming word: String) -> [String] {
        last.filter { $0.contains(word) || $0.contains("!") }
    }
}
