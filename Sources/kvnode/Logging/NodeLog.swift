import Glibc
import Logging

/// The log of a process: which events it has, in which form, and the writer of the lines. Any thread.
final class NodeLog: Sendable {
    let levels: LogLevels
    private let source: LogSource
    private let format: LogFormat
    private let writer: LogWriter

    /// - Parameters:
    ///   - isTerminal: Whether a person reads it as it is written.
    ///   - write: Writes bytes, however long that takes; called on a thread of the writer's.
    init(
        _ settings: NodeConfiguration.Log, source: LogSource, isTerminal: Bool = isatty(STDERR_FILENO) == 1,
        write: @escaping @Sendable ([UInt8]) -> Void = { Output.standardError.write($0) }
    ) {
        levels = LogLevels(configured: settings.level)
        self.source = source
        let format = settings.format ?? (isTerminal ? .text : .json)
        self.format = format
        writer = LogWriter(maxQueuedBytes: settings.maxQueuedBytes, write: write) { count in
            Self.bytes(of: Self.loss(of: count), as: format, source)
        }
    }

    /// Never waits for whoever reads the log.
    func write(_ line: LogLine) { writer.append(Self.bytes(of: line, as: format, source)) }

    /// Waits until all is written, but no longer than `limit`; what comes afterwards may be lost with the process.
    func finish(within limit: Duration) { writer.finish(within: limit) }

    private static func bytes(of line: LogLine, as format: LogFormat, _ source: LogSource) -> [UInt8] {
        switch format {
        case .text: Array((line.text + "\n").utf8)
        case .json: Array((line.json(of: source) + "\n").utf8)
        }
    }

    private static func loss(of count: Int) -> LogLine {
        LogLine(
            time: LogLine.now(), level: .warning, label: "log",
            message: "lines were left out: whoever reads the log did not take them in time",
            fields: ["left_out": "\(count)"])
    }
}
