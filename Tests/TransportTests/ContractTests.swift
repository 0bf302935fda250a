import Cluster
import ClusterCore
import Dispatch
import Logging
import Testing

@testable import Transport

/// What every transport owes its node, whatever carries the bytes.
@Suite("Transport contract", .timeLimit(.minutes(2)))
struct ContractTests {
    @Test("Requests and replies cross in both directions at once, in order", arguments: Kind.allCases)
    func bothDirections(_ kind: Kind) async throws {
        try await withPair(kind) { _, a, b in
            let numbers = Array<UInt64>(0..<2_000)
            for number in numbers {
                #expect(a.send([number], to: b) == .accepted)
                #expect(b.send([number + 1_000_000], to: a) == .accepted)
            }
            let atA = try await a.record.wait("replies at a") { $0.replies.count >= 2_000 }
            let atB = try await b.record.wait("replies at b") { $0.replies.count >= 2_000 }
            #expect(atA.replies == numbers)
            #expect(atB.replies == numbers.map { $0 + 1_000_000 })
            #expect(atB.requests == numbers)
            #expect(atA.hellos.map(\.nodeName) == ["b"])
        }
    }

    @Test("100,000 small batches are joined under load and none is lost", arguments: Kind.allCases)
    func coalescing(_ kind: Kind) async throws {
        // The receiver is busy with the first until all are sent, so that how many are joined isn't a matter of pace.
        let sent = DispatchSemaphore(value: 0)
        let answer: RecordingHandler.Answer = { _, _ in
            sent.wait()
            sent.signal()
        }
        try await withPair(kind, b: { $0.answer = answer }) { _, a, b in
            for number in 0..<100_000 as Range<UInt64> {
                #expect(a.send([number], to: b) == .accepted)
            }
            sent.signal()
            let record = try await b.record.wait("all requests") { $0.requests.count >= 100_000 }
            #expect(record.requests == Array(0..<100_000))
            #expect(record.requestBatches < 25_000, "batches do not grow with the load")
            #expect(record.longestBatch <= 1 << 20)
        }
    }

    @Test("Several threads may send at once", arguments: Kind.allCases)
    func concurrentSenders(_ kind: Kind) async throws {
        try await withPair(kind) { _, a, b in
            await withTaskGroup(of: Void.self) { group in
                for sender in 0..<4 as Range<UInt64> {
                    group.addTask {
                        for number in 0..<5_000 as Range<UInt64> {
                            _ = a.send([sender << 32 | number], to: b)
                        }
                    }
                }
            }
            let record = try await a.record.wait("replies") { $0.replies.count >= 20_000 }
            for sender in 0..<4 as Range<UInt64> {
                let own = record.replies.filter { $0 >> 32 == sender }
                #expect(own.map { $0 & 0xffff_ffff } == Array(0..<5_000), "sender \(sender)")
            }
        }
    }

    @Test("A cut link is told, refused to senders, and comes back", arguments: Kind.allCases)
    func cutAndHeal(_ kind: Kind) async throws {
        try await withPair(kind) { network, a, b in
            for round in 1...5 {
                for number in 0..<200 as Range<UInt64> { _ = a.send([number], to: b) }
                network.cut("a", "b")
                try await a.record.wait("disconnected at a") { $0.count(.disconnected(b.id)) == round }
                try await b.record.wait("disconnected at b") { $0.count(.disconnected(a.id)) == round }
                #expect(a.send([1], to: b) == .notConnected)
                network.heal("a", "b")
                try await a.record.wait("connected at a") { $0.count(.connected(b.id)) == round + 1 }
                try await b.record.wait("connected at b") { $0.count(.connected(a.id)) == round + 1 }
            }
            #expect(a.send([77], to: b) == .accepted)
            try await a.record.wait("the reply after healing") { $0.replies.last == 77 }
            #expect(a.record.value.alternates && b.record.value.alternates)
            #expect(a.record.value.strayReplies == 0)
        }
    }

    @Test("A node that stops and starts again is lost and found", arguments: Kind.allCases)
    func restart(_ kind: Kind) async throws {
        let network = try await TestNetwork(kind)
        let a = try await network.start("a")
        #expect(a.transport.send([1], to: NodeID(name: "b")) == .notConnected)
        #expect(a.transport.send([1], to: NodeID(name: "nobody")) == .notConnected)
        for round in 1...3 {
            let b = try await network.start("b")
            try await a.record.wait("connected") { $0.count(.connected(b.id)) == round }
            try await b.waitUntilConnected(to: a)
            #expect(a.send([UInt64(round)], to: b) == .accepted)
            try await a.record.wait("the reply") { $0.replies.last == UInt64(round) }
            try await b.stop()
            try await a.record.wait("disconnected") { $0.count(.disconnected(b.id)) == round }
            #expect(b.record.value.alternates)
            #expect(b.record.value.isConnected(to: a.id) == false)
        }
        #expect(a.record.value.alternates)
        try await a.stop()
        try await network.close()
    }

    @Test(
        "A handler that does not drain leads to `full`, and nothing accepted is lost",
        arguments: Kind.allCases)
    func backPressure(_ kind: Kind) async throws {
        let gate = Gate()
        let settings: (inout Settings) -> Void = {
            $0.maxBatchBytes = 256 << 10
            $0.maxQueuedBytes = 1 << 20
        }
        try await withPair(
            kind, a: settings,
            b: {
                settings(&$0); $0.answer = { _, _ in gate.pass() }
            }
        ) { _, a, b in
            var next: UInt64 = 0
            // Far more than every buffer on the way may hold: 64 MiB.
            while next < 8 << 20 {
                guard a.send(next..<next + 1024, to: b) == .accepted else { break }
                next += 1024
            }
            #expect(next < 8 << 20, "the queue grew without bound")
            #expect(a.send([0], to: b) == .full || a.send(0..<1024, to: b) == .full)
            gate.open()
            let accepted = Int(next)
            let record = try await b.record.wait("what was accepted") { $0.requests.count >= accepted }
            #expect(record.requests.prefix(accepted).elementsEqual(0..<next))
            try await a.record.wait("room again") { _ in a.send([1], to: b) == .accepted }
        }
    }

    @Test("What is over the peer's limit is not sent, and the stream stays", arguments: Kind.allCases)
    func oversizeIsNotSent(_ kind: Kind) async throws {
        try await withPair(kind, b: { $0.maxBatchBytes = 1024 }) { _, a, b in
            #expect(a.send(0..<129, to: b) == .full)
            #expect(a.send(0..<128, to: b) == .accepted)
            let record = try await a.record.wait("the reply") { $0.replies.count == 128 }
            #expect(record.events == [.connected(b.id)])
            try await a.log.wait("a warning") { lines in
                lines.contains { $0.level == .warning && $0.message.contains("longer than the peer accepts") }
            }
        }
    }

    @Test(
        "What is over the limit is refused by the receiver, and the stream comes back",
        arguments: Kind.allCases)
    func oversizeIsRefused(_ kind: Kind) async throws {
        let settings: (inout Settings) -> Void = {
            $0.maxBatchBytes = 1024
            $0.announcedBatchBytes = 1 << 20
        }
        try await withPair(kind, b: settings) { _, a, b in
            #expect(a.send(0..<160, to: b) == .accepted)
            try await a.record.wait("a new stream") { $0.events.count == 3 }
            try await b.log.wait("the refusal at b") { lines in
                lines.contains {
                    $0.level == .warning && $0.message == "a peer's stream is refused"
                        && $0.reason.contains("1024")
                }
            }
            #expect(a.send([5], to: b) == .accepted)
            try await a.record.wait("a reply") { $0.replies == [5] }
            #expect(b.record.value.requests == [5])
            #expect(a.record.value.alternates)
        }
    }

    @Test("Replies over the limit are refused too", arguments: Kind.allCases)
    func oversizeReplies(_ kind: Kind) async throws {
        let settings: (inout Settings) -> Void = {
            $0.maxBatchBytes = 1024
            $0.announcedBatchBytes = 1 << 20
        }
        let answer: RecordingHandler.Answer = { batch, replies in
            _ = replies.send(decoded(batch) == [5] ? batch : encoded(0..<160))
        }
        try await withPair(kind, a: settings, b: { $0.answer = answer }) { _, a, b in
            #expect(a.send([1], to: b) == .accepted)
            try await a.record.wait("a new stream") { $0.events.count == 3 }
            #expect(a.record.value.reasons.first?.contains("1024") == true, "\(a.record.value.reasons)")
            #expect(a.send([5], to: b) == .accepted)
            try await a.record.wait("a reply") { $0.replies == [5] }
            #expect(a.record.value.alternates)
        }
    }

    @Test(
        "Stopping ends, frees the transport, and is followed by no call", .timeLimit(.minutes(5)),
        arguments: Kind.allCases)
    func cleanStop(_ kind: Kind) async throws {
        let network = try await TestNetwork(kind)
        let b = try await network.start("b")
        let isReleased = Observed(false)
        let record: Observed<RecordingHandler.Record>
        do {
            // The transport keeps the handler, which keeps this.
            let witness = Witness { isReleased.update { $0 = true } }
            let a = try await network.start("a") { $0.answer = { _, _ in withExtendedLifetime(witness) {} } }
            record = a.record
            try await a.waitUntilConnected(to: b)
            try await b.waitUntilConnected(to: a)
            for number in 0..<1_000 as Range<UInt64> { _ = b.send([number], to: a) }
            try await a.stop()
            #expect(a.send([1], to: b) == .notConnected)
        }
        let events = record.value.events
        #expect(events == [.connected(b.id), .disconnected(b.id)])
        try await b.record.wait("disconnected at b") { $0.events.count == 2 }
        #expect(record.value.events == events)
        try await isReleased.wait("release of the transport") { $0 }
        try await b.stop()
        try await network.close()
    }
}

/// Tells of its end.
final class Witness: Sendable {
    private let ended: @Sendable () -> Void

    init(ended: @escaping @Sendable () -> Void) { self.ended = ended }

    deinit { ended() }
}

/// Holds a thread until it is opened.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func pass() {
        semaphore.wait()
        semaphore.signal()
    }

    func open() { semaphore.signal() }
}
