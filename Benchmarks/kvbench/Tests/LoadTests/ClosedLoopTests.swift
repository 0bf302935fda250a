import Glibc
import Testing
import Workloads

@testable import Load

@Suite(.serialized, .timeLimit(.minutes(2))) struct ClosedLoopTests {
    /// How many operations were in flight on each connection.
    private struct Flight {
        /// The most that there were at once.
        var most: Int
        var received: Int
    }

    /// Answers only when there are `pipeline` operations in flight on all connections, or all there are to be; and then
    /// those of one connection, or one of them.
    private func holding(_ connections: Int, pipeline: Int, operations: Int) throws -> FakeServer<[Flight]> {
        try FakeServer { listener in
            let peers = try (0..<connections).map { _ in try listener.accept() }
            var events = peers.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            var flights = peers.map { _ in Flight(most: 0, received: 0) }
            var bytes = peers.map { _ in 0 }
            var answered = peers.map { _ in 0 }
            var random = SplitMix64(seed: 1)
            while true {
                let all = answered.reduce(0, +)
                while bytes.map({ $0 / Peer.getSize }).reduce(0, +)
                    < min(all + connections * pipeline, operations)
                {
                    guard poll(&events, nfds_t(connections), 10_000) > 0 else {
                        throw Failure("too few operations")
                    }
                    for index in peers.indices where events[index].revents != 0 {
                        let more = try peers[index].read()
                        guard !more.isEmpty else { throw Failure("a client went") }
                        bytes[index] += more.count
                        let inFlight = bytes[index] / Peer.getSize - answered[index]
                        flights[index].most = max(flights[index].most, inFlight)
                    }
                }
                let waiting = peers.indices.filter { answered[$0] < bytes[$0] / Peer.getSize }
                if waiting.isEmpty { break }
                let index = waiting[random.next(below: waiting.count)]
                let count = random.next(below: 2) == 0 ? 1 : bytes[index] / Peer.getSize - answered[index]
                answered[index] += count
                try peers[index].send(String(repeating: "$1\r\nx\r\n", count: count))
            }
            for (index, peer) in peers.enumerated() {
                bytes[index] += try peer.readToEnd().count
                flights[index].received = bytes[index] / Peer.getSize
            }
            return flights
        }
    }

    @Test(arguments: [(1, 1, 50), (1, 7, 500), (3, 4, 600), (2, 5, 7)])
    func `so many operations are in flight on each connection, and so many there are`(
        _ connections: Int, _ pipeline: Int, _ operations: Int
    ) throws {
        let server = try holding(connections, pipeline: pipeline, operations: operations)
        let loaded = try LoadPlan.test(
            [server.address], connections: connections, pipeline: pipeline, operations: operations
        ).run()
        let flights = try server.result()
        #expect(loaded.recorder.operations == operations)
        #expect(loaded.recorder.errors.isEmpty)
        #expect(flights.map(\.received).reduce(0, +) == operations)
        if operations >= connections * pipeline {
            #expect(flights.allSatisfy { $0.most == pipeline })
        } else {
            #expect(flights.allSatisfy { $0.most <= pipeline })
        }
    }

    @Test func `clients begin at one server after the other`() throws {
        let servers = try (0..<2).map { _ in try FakeServer { try $0.accept().answerGets() } }
        let plan = LoadPlan.test(servers.map(\.address), connections: 2, operations: 100)
        let loaded = try plan.run()
        let counts = try servers.map { try $0.result() }
        #expect(loaded.recorder.operations == 100)
        #expect(counts.reduce(0, +) == 100)
        #expect(counts.allSatisfy { $0 > 0 })
    }

    @Test func `a round ends with its time, and all operations have their replies`() throws {
        let server = try FakeServer { try $0.accept().answerGets() }
        let loaded = try LoadPlan.test([server.address], pipeline: 4, seconds: 0.3).run()
        #expect(loaded.seconds >= 0.3)
        #expect(loaded.seconds < 5)
        #expect(loaded.recorder.operations == (try server.result()))
        #expect(loaded.recorder.operations > 4)
        #expect(loaded.cpuSeconds > 0)
        #expect(loaded.cpuSeconds <= loaded.seconds)
    }

    @Test func `a tick that says so ends the round`() throws {
        let server = try FakeServer { try $0.accept().answerGets() }
        var ticks: [Double] = []
        var counts: [Int] = []
        let plan = LoadPlan.test([server.address], pipeline: 4, seconds: 60)
        let loaded = try Load.run(plan, records: RecordCount(100)) { seconds, recorder in
            ticks.append(seconds)
            counts.append(recorder.operations)
            return ticks.count < 3
        }
        #expect(loaded.seconds < 10)
        #expect(counts.count >= 3)
        #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $1 - $0 >= 0.1 })
        #expect(counts[0] == 0)
        #expect(counts[1] > 0)
        #expect(counts[2] > counts[1])
        #expect(loaded.recorder.operations == (try server.result()))
    }
}
