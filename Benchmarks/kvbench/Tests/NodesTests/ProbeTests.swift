import Foundation
import Testing

@testable import Nodes

@Suite(.serialized, .timeLimit(.minutes(1))) struct ProbeTests {
    /// Processes of `sh`, which end with the test.
    private func withProcesses(_ scripts: [String], _ body: ([ServerProcess]) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let processes = try scripts.enumerated().map { index, script in
            try ServerProcess(
                name: "process\(index)", directory: folder.appendingPathComponent("\(index)"),
                command: ["/bin/sh", "-c", script], diskCounter: nil)
        }
        defer {
            for process in processes { process.kill() }
            try? FileManager.default.removeItem(at: folder)
        }
        for process in processes { try process.start() }
        try body(processes)
    }

    @Test func `who ends beside the one that is waited for is told at once, with its words`() throws {
        try withProcesses(["exec sleep 100", "echo no port is free; exit 3"]) { processes in
            let begun = Date()
            let failure = try #require(
                #expect(throws: Probe.Failure.self) {
                    try Probe.wait(for: processes[0], among: processes) { false }
                })
            #expect(failure.description == "process1 ended:\nno port is free\n")
            #expect(Date().timeIntervalSince(begun) < 30)
        }
    }

    @Test func `it is asked again until it says yes`() throws {
        try withProcesses(["exec sleep 100"]) { processes in
            var answers = 0
            try Probe.wait(for: processes[0], among: processes) {
                answers += 1
                if answers == 2 { throw Probe.Failure(description: "not yet") }
                return answers == 3
            }
            #expect(answers == 3)
        }
    }

    @Test func `a command is done when it has ended well, and fails with its words`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try RunningCommand(["/bin/sh", "-c", "exit 0"], directory: folder).wait()
        let failure = try #require(
            #expect(throws: Probe.Failure.self) {
                try RunningCommand(["/bin/sh", "-c", "echo refused; exit 5"], directory: folder).wait()
            })
        #expect(failure.description.hasSuffix("failed:\nrefused\n"))
        let lasting = try RunningCommand(["/bin/sh", "-c", "exec sleep 100"], directory: folder)
        #expect(try !lasting.isDone())
    }
}
