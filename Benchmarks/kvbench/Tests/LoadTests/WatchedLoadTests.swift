import Foundation
import Results
import Testing
import Workloads

@testable import Load

@Suite(.serialized, .timeLimit(.minutes(2))) struct WatchedLoadTests {
    private struct Enough: Error {}

    @Test func `who watches delays no operation`() throws {
        let server = try FakeServer { try $0.accept().answerGets() }
        let plan = LoadPlan.test([server.address], rate: 200, seconds: 0.5)
        let loaded = try Load.run(plan, records: RecordCount(100)) { _ in
            // There is nothing to wait for: one glance takes as long as the whole round.
            Thread.sleep(forTimeInterval: 0.5)
            return nil
        }
        #expect(loaded.recorder.operations == (try server.result()))
        // Were it to wait for the watch, nearly all would be 100 milliseconds late and more.
        #expect(loaded.recorder.latency.p50 < 100_000)
    }

    @Test(arguments: [nil, 0.01])
    func `it is watched about ten times a second, and when it was asked to be`(_ wish: Double?) throws {
        let server = try FakeServer { try $0.accept().answerGets() }
        var seconds: [Double] = []
        let plan = LoadPlan.test([server.address], pipeline: 4, seconds: 0.6)
        let loaded = try Load.run(plan, records: RecordCount(100)) { now in
            seconds.append(now.seconds)
            return wish.map { now.seconds + $0 }
        }
        #expect(loaded.recorder.operations == (try server.result()))
        let pauses = zip(seconds, seconds.dropFirst()).map { $1 - $0 }
        #expect(pauses.allSatisfy { $0 >= wish ?? 0.1 })
        if wish != nil { #expect(seconds.count > 10) }
    }

    @Test func `what the watch throws ends the round, and is thrown`() throws {
        let server = try FakeServer { try $0.accept().answerGets() }
        let begun = Clock.now()
        #expect(throws: Enough.self) {
            try Load.run(.test([server.address], seconds: 60), records: RecordCount(100)) { now in
                if now.operations > 0 { throw Enough() }
                return nil
            }
        }
        // The connection is closed.
        #expect(try server.result() > 0)
        #expect(Clock.now() - begun < 30_000_000_000)
    }

    @Test func `what the round fails with is thrown`() throws {
        let nowhere = try Listener.nowhere()
        #expect(throws: WireError.self) {
            try Load.run(.test([nowhere]), records: RecordCount(100)) { _ in nil }
        }
    }
}
