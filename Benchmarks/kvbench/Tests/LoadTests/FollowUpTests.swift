import Testing
import Workloads

@testable import Load

/// Operations of more than one request, and what is sent for each kind.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FollowUpTests {
    /// The key of a command: its second string.
    private static func key(of command: String) -> String { String(command.split(separator: "\r\n")[4]) }

    @Test func `a change is a read and a write of the same record`() throws {
        let server = try FakeServer { listener in
            let peer = try listener.accept()
            return try (0..<3).map { _ in
                let get = try peer.readGet()
                try peer.send("$-1\r\n")
                let set = try peer.readSet()
                try peer.send("+OK\r\n")
                return [get, set]
            }
        }
        let loaded = try LoadPlan.test([server.address], Mix(modify: 100), operations: 3).run()
        for pair in try server.result() {
            #expect(pair[0].hasPrefix("*2\r\n$3\r\nGET\r\n$16\r\nuser"))
            #expect(pair[1].hasPrefix("*3\r\n$3\r\nSET\r\n$16\r\nuser"))
            #expect(Self.key(of: pair[0]) == Self.key(of: pair[1]))
        }
        #expect(loaded.recorder.operations == 3)
        #expect(loaded.recorder.latencies.keys.sorted() == ["modify"])
        #expect(loaded.recorder.absent == 3)
    }

    @Test func `a change counts the bytes that it writes, as an update does`() throws {
        func bytes(_ mix: Mix, _ serve: @escaping @Sendable (Peer) throws -> Void) throws -> Int {
            let server = try FakeServer { listener in
                let peer = try listener.accept()
                for _ in 0..<4 { try serve(peer) }
            }
            let loaded = try LoadPlan.test([server.address], mix, operations: 4).run()
            try server.result()
            return loaded.recorder.bytesWritten
        }
        let updates = try bytes(Mix(update: 100)) {
            _ = try $0.readSet()
            try $0.send("+OK\r\n")
        }
        #expect(updates == 4 * (16 + 8))
        let changes = try bytes(Mix(modify: 100)) {
            _ = try $0.readGet()
            try $0.send("$-1\r\n")
            _ = try $0.readSet()
            try $0.send("+OK\r\n")
        }
        #expect(changes == 4 * (16 + 8))
    }

    @Test func `a change whose read fails has failed, and nothing is written`() throws {
        let server = try FakeServer { listener in
            let peer = try listener.accept()
            _ = try peer.readGet()
            try peer.send("-ERR no quorum\r\n")
            return try peer.readToEnd().count
        }
        let loaded = try LoadPlan.test([server.address], Mix(modify: 100), operations: 1).run()
        #expect(try server.result() == 0)
        #expect(loaded.recorder.operations == 0)
        #expect(loaded.recorder.errors == ["ERR no quorum": 1])
    }

    @Test func `inserts are of new records, one after the other`() throws {
        let server = try FakeServer { listener in
            let peer = try listener.accept()
            return try (0..<5).map { _ in
                let set = try peer.readSet()
                try peer.send("+OK\r\n")
                return Self.key(of: set)
            }
        }
        let records = RecordCount(100)
        let loaded = try Load.run(
            LoadPlan.test([server.address], Mix(insert: 100), operations: 5), records: records)
        let keys = try server.result()
        #expect(keys.map { $0.suffix(4) } == ["0100", "0101", "0102", "0103", "0104"])
        #expect(records.count == 105)
        #expect(loaded.recorder.bytesWritten == 5 * 24)
    }

    /// Reads a request without a body, or with one of eight bytes.
    private static func readHTTP(_ peer: Peer) throws -> String {
        var text = ""
        while !text.hasSuffix("\r\n\r\n") {
            text += String(decoding: try peer.read(exactly: 1), as: UTF8.self)
        }
        if text.hasPrefix("PUT") { _ = try peer.read(exactly: 8) }
        return text
    }

    @Test(arguments: [true, false])
    func `who finds several values merges them where they are kept`(_ keepsSiblings: Bool) throws {
        let server = try FakeServer { listener in
            let peer = try listener.accept()
            let get = try Self.readHTTP(peer)
            try peer.send("HTTP/1.1 300 Several\r\nX-Kvnode-Context: AQI=\r\nContent-Length: 1\r\n\r\nx")
            guard keepsSiblings else { return [get] + (try peer.readToEnd().isEmpty ? [] : ["more"]) }
            let put = try Self.readHTTP(peer)
            try peer.send("HTTP/1.1 204 No Content\r\n\r\n")
            return [get, put]
        }
        let loaded = try LoadPlan.test(
            [server.address], driver: .http(bucket: "b"), keepsSiblings: keepsSiblings, operations: 1
        ).run()
        let requests = try server.result()
        #expect(requests.count == (keepsSiblings ? 2 : 1))
        let path = requests[0].split(separator: " ")[1]
        #expect(requests[0].hasPrefix("GET /v1/buckets/b/keys/user0"))
        if keepsSiblings {
            #expect(requests[1].hasPrefix("PUT \(path) "))
            #expect(requests[1].contains("\r\nX-Kvnode-Context: AQI=\r\n"))
        }
        #expect(loaded.recorder.operations == 1)
        #expect(loaded.recorder.siblings == 1)
        #expect(loaded.recorder.latencies.keys.sorted() == ["read"])
    }

    @Test func `what there was no room for is sent when there is`() throws {
        let loaded = try withWindow(Mix(update: 100), pipeline: 3, operations: 6)
        #expect(loaded.recorder.operations == 6)
        #expect(loaded.recorder.errors.isEmpty)
    }

    @Test(arguments: [1, 2, 5])
    func `changes whose writes find no room are all done when there is`(_ pipeline: Int) throws {
        let loaded = try withWindow(Mix(modify: 100), pipeline: pipeline, operations: pipeline)
        #expect(loaded.recorder.operations == pipeline)
        #expect(loaded.recorder.errors.isEmpty)
    }

    /// Runs with values that no stream's first window takes. The server gives room when it has answered all reads.
    private func withWindow(_ mix: Mix, pipeline: Int, operations: Int) throws -> Loaded {
        let reads = mix.share(of: .modify) == 1 ? pipeline : 0
        let server = try FakeServer { listener in
            let peer = try listener.accept()
            try peer.readPreface()
            let streams = try peer.readCalls(reads)
            try peer.send(streams.flatMap { answer([], stream: $0) }.bytes + Frame(kind: .ping).bytes)
            // With the answer to that the client has seen the replies, and has not found the room for its writes.
            while try peer.readFrame().kind != .ping {}
            try peer.send(
                [Frame.settings(window: 1 << 24), .window(1 << 28, stream: 0)].bytes)
            // A client that sends no more has ended its round, with fewer than there were to be.
            while let stream = try? peer.readCalls(1)[0] { try peer.send(answer([], stream: stream).bytes) }
        }
        let loaded = try LoadPlan.test(
            [server.address], mix, driver: .unary(.etcd), valueSize: 100_000, pipeline: pipeline,
            operations: operations
        ).run()
        try server.result()
        return loaded
    }
}
