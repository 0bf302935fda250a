import Foundation
import Nodes

/// A program that is asked something.
enum Command {
    /// What it writes to its output.
    static func output(_ path: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Probe.Failure(description: "\(path) \(arguments.joined(separator: " ")) failed")
        }
        return String(decoding: said, as: UTF8.self)
    }
}
