import Testing
import Workloads

@testable import Load

@Suite(.serialized, .timeLimit(.minutes(2))) struct BrokenConnectionTests {
    /// Answers so many operations, and closes the connection when there is one more.
    private func closing(after count: Int) throws -> FakeServer<Void> {
        try FakeServer { listener in
            let peer = try listener.accept()
            for _ in 0..<count {
                _ = try peer.readGet()
                try peer.send("$1\r\nx\r\n")
            }
            _ = try peer.readGet()
            listener.close()
            peer.close()
        }
    }

    private func answering() throws -> FakeServer<Int> { try FakeServer { try $0.accept().answerGets() } }

    @Test func `a client goes on at the next server`() throws {
        let (first, second) = (try closing(after: 3), try answering())
        let loaded = try LoadPlan.test(
            [first.address, second.address], operations: 10, reconnects: true
        ).run()
        try first.result()
        #expect(loaded.recorder.errors == ["the connection broke": 1])
        #expect(loaded.recorder.operations == 9)
        #expect(try second.result() == 6)
    }

    @Test func `all that was in flight has failed`() throws {
        let first = try FakeServer { listener in
            let peer = try listener.accept()
            for _ in 0..<5 { _ = try peer.readGet() }
        }
        let second = try answering()
        let loaded = try LoadPlan.test(
            [first.address, second.address], pipeline: 5, operations: 12, reconnects: true
        ).run()
        try first.result()
        #expect(loaded.recorder.errors == ["the connection broke": 5])
        #expect(loaded.recorder.operations == 7)
        #expect(try second.result() == 7)
    }

    @Test func `servers that are gone are passed over`() throws {
        let (first, last) = (try closing(after: 0), try answering())
        let servers = [first.address, try Listener.nowhere(), try Listener.nowhere(), last.address]
        let loaded = try LoadPlan.test(servers, operations: 4, reconnects: true).run()
        try first.result()
        #expect(loaded.recorder.errors == ["the connection broke": 1])
        #expect(try last.result() == 3)
    }

    @Test func `it ends the round otherwise`() throws {
        let (first, second) = (try closing(after: 3), try answering())
        let plan = LoadPlan.test([first.address, second.address], operations: 10)
        let error = #expect(throws: WireError.self) { _ = try plan.run() }
        #expect(error?.isBroken == true)
        try first.result()
    }

    @Test func `it ends the round if no server is left`() throws {
        let first = try closing(after: 3)
        let plan = LoadPlan.test(
            [first.address, try Listener.nowhere()], operations: 10, reconnects: true)
        let error = #expect(throws: WireError.self) { _ = try plan.run() }
        #expect(error?.isBroken == true)
        try first.result()
    }

    @Test func `a round needs a server to begin with`() throws {
        let plan = LoadPlan.test([try Listener.nowhere()], operations: 1, reconnects: true)
        let error = #expect(throws: WireError.self) { _ = try plan.run() }
        #expect(error?.isBroken == true)
    }

    @Test func `nonsense ends the round, as another server would say the same`() throws {
        let first = try FakeServer { listener in
            let peer = try listener.accept()
            _ = try peer.readGet()
            try peer.send("nonsense\r\n")
            return try peer.readToEnd().count
        }
        let plan = LoadPlan.test([first.address], operations: 10, reconnects: true)
        let error = #expect(throws: WireError.self) { _ = try plan.run() }
        #expect(error?.isBroken == false)
        #expect(try first.result() == 0)
    }

    @Test func `what had its reply before the end is done`() throws {
        let first = try FakeServer { listener in
            let peer = try listener.accept()
            try peer.readPreface()
            let streams = try peer.readCalls(2)
            try peer.send((answer([], stream: streams[0]) + [.goAway]).bytes)
            return try peer.readToEnd().count
        }
        let second = try FakeServer { _ = try $0.accept().readToEnd() }
        let loaded = try LoadPlan.test(
            [first.address, second.address], Mix(update: 100), driver: .unary(.etcd), pipeline: 2,
            operations: 2,
            reconnects: true
        ).run()
        _ = try first.result()
        #expect(loaded.recorder.operations == 1)
        #expect(loaded.recorder.errors == ["the connection broke": 1])
    }

    @Test func `what there was no room for when the connection broke has failed too`() throws {
        let first = try FakeServer { listener in
            let peer = try listener.accept()
            try peer.readPreface()
            // Its settings and its window; the call is larger than the window of any stream at the beginning.
            for _ in 0..<2 { _ = try peer.readFrame() }
        }
        let second = try FakeServer { _ = try $0.accept().readToEnd() }
        let loaded = try LoadPlan.test(
            [first.address, second.address], Mix(update: 100), driver: .unary(.etcd), valueSize: 100_000,
            operations: 1, reconnects: true
        ).run()
        try first.result()
        #expect(loaded.recorder.operations + loaded.recorder.errors.values.reduce(0, +) == 1)
    }
}
