import Foundation
import Glibc

/// A run of engine-crash-writer, which lies beside the test bundle.
final class Child {
    private let process = Process()
    private let output = Pipe()
    private var pending: [UInt8] = []

    init(_ arguments: [String]) throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = URL(fileURLWithPath: own).deletingLastPathComponent()
        process.executableURL = folder.appendingPathComponent("engine-crash-writer")
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
    }

    /// The next line, or nil at the end. A last line without its end does not count.
    func line() -> String? {
        while true {
            if let end = pending.firstIndex(of: 10) {
                defer { pending.removeSubrange(...end) }
                return String(decoding: pending[..<end], as: UTF8.self)
            }
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { return nil }
            pending += data
        }
    }

    func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }

    enum End: Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    func wait() -> End {
        process.waitUntilExit()
        let status = process.terminationStatus
        return process.terminationReason == .exit ? .exit(status) : .signal(status)
    }

    /// Runs to the end, for the one line that it prints.
    static func answer(_ arguments: String...) throws -> (line: String?, end: End) {
        let child = try Child(arguments)
        let line = child.line()
        return (line, child.wait())
    }
}
