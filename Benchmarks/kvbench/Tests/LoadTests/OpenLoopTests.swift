import Foundation
import Glibc
import Results
import Testing
import Workloads

@testable import Load

@Suite(.serialized, .timeLimit(.minutes(2))) struct OpenLoopTests {
    @Test func `operations begin on schedule`() throws {
        let server = try FakeServer { listener in
            // Each client opens its connection before the first operation is due.
            let peer = try listener.accept()
            var times: [UInt64] = []
            while true {
                guard let bytes = try? peer.read(exactly: Peer.getSize) else { return times }
                times.append(Clock.now())
                #expect(bytes.starts(with: Array("*2\r\n$3\r\nGET".utf8)))
                try peer.send("$1\r\nx\r\n")
            }
        }
        let begun = Clock.now()
        let loaded = try LoadPlan.test([server.address], pipeline: 8, rate: 100, seconds: 0.5).run()
        let times = try server.result()
        // The last few may be late for the end, on a busy machine.
        #expect((45...50).contains(loaded.recorder.operations))
        #expect(times.count == loaded.recorder.operations)
        for (index, time) in times.enumerated() {
            #expect(time >= begun + UInt64(index) * 10_000_000, "operation \(index)")
        }
    }

    @Test func `the rate is that of all connections`() throws {
        let server = try FakeServer { listener in
            let peers = try (0..<4).map { _ in try listener.accept() }
            // One thread is enough, as each has its turn.
            var counts = [0, 0, 0, 0]
            var open = Array(peers.indices)
            while !open.isEmpty {
                for index in open {
                    guard (try? peers[index].read(exactly: Peer.getSize)) != nil else {
                        open.removeAll { $0 == index }
                        continue
                    }
                    counts[index] += 1
                    try peers[index].send("$1\r\nx\r\n")
                }
            }
            return counts
        }
        let loaded = try LoadPlan.test([server.address], connections: 4, rate: 200, seconds: 0.4).run()
        let counts = try server.result()
        #expect((72...80).contains(loaded.recorder.operations))
        #expect(counts.allSatisfy { (17...20).contains($0) })
    }

    /// Answers at once, but stands still for a while before one of the operations.
    private func stalling(before number: Int, for seconds: Double) throws -> FakeServer<Int> {
        try FakeServer { listener in
            let peer = try listener.accept()
            var count = 0
            while (try? peer.read(exactly: Peer.getSize)) != nil {
                // There is nothing to wait for: this is what the server is for.
                if count == number { Thread.sleep(forTimeInterval: seconds) }
                count += 1
                try peer.send("$1\r\nx\r\n")
            }
            return count
        }
    }

    @Test(arguments: [1, 64])
    func `a server that stalls is seen by all operations that were due meanwhile`(_ pipeline: Int) throws {
        let server = try stalling(before: 20, for: 0.3)
        let loaded = try LoadPlan.test([server.address], pipeline: pipeline, rate: 100, seconds: 1).run()
        let latency = loaded.recorder.latency
        #expect((90...100).contains(latency.count))
        #expect(latency.count == (try server.result()))
        // 30 of 100 were due within the 300 milliseconds: the first waited for all of them, the last for ten.
        func milliseconds(_ percentile: Double) -> Double {
            (latency.curve.first { $0.percentile == percentile }?.microseconds ?? 0) / 1_000
        }
        #expect(milliseconds(100) >= 298)
        #expect(milliseconds(90) >= 180)
        #expect(milliseconds(80) >= 80)
        #expect(milliseconds(50) < 80)
    }

    @Test func `operations that were due before the end are not left out as the server stalls until then`()
        throws
    {
        let server = try stalling(before: 0, for: 0.4)
        let loaded = try LoadPlan.test([server.address], rate: 100, seconds: 0.3).run()
        #expect((27...30).contains(loaded.recorder.operations))
        #expect(loaded.recorder.latency.p50 >= 200_000)
        #expect(loaded.recorder.operations == (try server.result()))
    }

    @Test func `an operation that begins less than a millisecond late has waited as well`() throws {
        let server = try FakeServer { try $0.accept().answerGets() }
        let plan = LoadPlan.test([server.address], rate: 1, seconds: 1)
        let due = Clock.now() - 2_000_000
        var recorder = Recorder(begun: due)
        var client = try Client(plan, index: 0, start: due, wire: { RESPWire(.plain, bucket: nil) })
        defer { client.close() }
        client.begin(at: due + 999_000, records: RecordCount(100))
        try client.flush()
        var events = [pollfd(fd: client.descriptor, events: Int16(POLLIN), revents: 0)]
        #expect(poll(&events, 1, 10_000) == 1)
        let waited = Clock.now() - due
        try client.receive(into: &recorder, RecordCount(100))
        #expect(recorder.operations == 1)
        // To the three digits that a histogram keeps.
        #expect(recorder.latency.max >= Double(waited) / 1_000 * 0.999)
    }
}
