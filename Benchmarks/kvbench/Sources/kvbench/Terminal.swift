import Foundation
import Glibc

/// What is told while it runs, on standard error; standard output has the results alone.
enum Terminal {
    private static let isTerminal = isatty(STDERR_FILENO) == 1

    /// On a terminal the line takes the place of the one before.
    static func progress(_ line: String) {
        let text = isTerminal ? "\r\u{1B}[K\(line)" : "\(line)\n"
        FileHandle.standardError.write(Data(text.utf8))
    }

    static func endProgress() { if isTerminal { progress("") } }

    static func warn(_ line: String) { FileHandle.standardError.write(Data("kvbench: \(line)\n".utf8)) }
}
