import Foundation
import Glibc

/// A program that is asked something.
public enum Command {
    /// What it writes to its output.
    ///
    /// - Parameter accepting: How it may end.
    public static func output(
        _ path: String, _ arguments: [String], accepting: Set<Int32> = [0]
    ) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard accepting.contains(process.terminationStatus) else {
            throw Probe.Failure(description: "\(path) \(arguments.joined(separator: " ")) failed")
        }
        return String(decoding: said, as: UTF8.self)
    }
}

/// A program that takes its time, and ends by itself, or when nobody asks for it any more.
public final class RunningCommand {
    private let process: ServerProcess
    private let words: String

    /// - Parameters:
    ///   - command: Its words; the first is a path.
    ///   - directory: Where what it says goes, in a file of its own.
    init(_ command: [String], directory: URL) throws {
        words = command.dropFirst().joined(separator: " ")
        process = try ServerProcess(name: words, directory: directory, command: command, diskCounter: nil)
        try process.start()
    }

    /// Whether it has done what it was to do; throws with what it said if it has failed.
    public func isDone() throws -> Bool {
        if process.isRunning { return false }
        guard process.exitStatus == 0 else {
            throw Probe.Failure(description: "kvnode \(words) failed:\n\(process.log)")
        }
        return true
    }

    /// Until it has done what it was to do.
    public func wait() throws {
        while try !isDone() {
            try Interruption.check()
            usleep(20_000)
        }
    }

    deinit { process.kill() }
}
