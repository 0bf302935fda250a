import ArgumentParser
import Foundation
import Nodes
import Report
import Results

/// Where a report goes.
struct ReportFolder {
    private let folder: URL

    /// Makes the folder.
    init(_ path: String) throws {
        folder = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Keeps what is measured so far, marked so, for the case that nothing comes any more.
    func keep(_ comparison: inout Comparison) throws {
        comparison.machine.loadAfter = MachineFacts.loads
        var kept = comparison
        kept.partial = "something was still to come"
        try kept.write(to: folder.appendingPathComponent("report.json"))
    }

    /// Has `measure` measure until it is done, or interrupted, and writes the report of what there is then, which is also printed.
    func report(_ comparison: inout Comparison, _ measure: (inout Comparison) throws -> Void) throws {
        Interruption.listen()
        do {
            try measure(&comparison)
        } catch {
            Terminal.endProgress()
            if comparison.hasFigures {
                // A log may follow.
                let reason = "\(error)".prefix { $0 != "\n" }
                comparison.partial = String(reason.hasSuffix(":") ? reason.dropLast() : reason)
                print(try write(comparison))
                Terminal.warn("what was measured until then is in \(folder.path)")
            }
            guard let interrupted = error as? Interruption.Interrupted else { throw error }
            throw ExitCode(interrupted.exitCode)
        }
        Terminal.endProgress()
        print(try write(comparison))
        print("report.json, report.md, report.html and charts are in \(folder.path)")
    }

    /// - Returns: The report as text.
    private func write(_ comparison: Comparison) throws -> String {
        try comparison.write(to: folder.appendingPathComponent("report.json"))
        let markdown = MarkdownReport(comparison).text
        try markdown.write(to: folder.appendingPathComponent("report.md"), atomically: true, encoding: .utf8)
        try HTMLReport(comparison).page.write(
            to: folder.appendingPathComponent("report.html"), atomically: true, encoding: .utf8)
        try writePictures(comparison)
        return markdown
    }

    private func writePictures(_ comparison: Comparison) throws {
        let charts = folder.appendingPathComponent("charts")
        try FileManager.default.createDirectory(at: charts, withIntermediateDirectories: true)
        for (name, svg) in Pictures(comparison).all {
            try svg.write(to: charts.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
    }
}

extension Comparison {
    fileprivate var hasFigures: Bool { !cells.isEmpty || alone?.cells.isEmpty == false }
}
