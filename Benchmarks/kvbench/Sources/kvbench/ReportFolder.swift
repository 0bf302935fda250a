import Foundation
import Report
import Results

/// Where a report goes.
struct ReportFolder {
    private let folder: URL

    init(_ path: String) throws {
        folder = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// What there is so far, so that what is measured stays whatever comes later.
    func store(_ comparison: inout Comparison) throws {
        comparison.machine.loadAfter = MachineFacts.loads
        try comparison.write(to: folder.appendingPathComponent("report.json"))
    }

    /// The report for people, which is also printed.
    ///
    /// - Parameter addition: What is printed after it.
    func finish(_ comparison: Comparison, addition: String? = nil) throws {
        Terminal.endProgress()
        let markdown = MarkdownReport(comparison).text
        try markdown.write(to: folder.appendingPathComponent("report.md"), atomically: true, encoding: .utf8)
        try HTMLReport(comparison).page.write(
            to: folder.appendingPathComponent("report.html"), atomically: true, encoding: .utf8)
        print(markdown)
        if let addition { print(addition) }
        print("report.json, report.md and report.html are in \(folder.path)")
    }
}
