import ClusterCore
import Messages
import SwiftProtobuf
import Testing

@testable import API

@Suite("gRPC: a session's unsent replies")
struct SessionOutboxTests {
    private var outbox = SessionOutbox(
        limits: SessionOutbox.Limits(maxInFlight: 10, maxUnsentBytes: 10_000, replyBytes: 100_000))

    private func reading(_ size: Int) -> Reading {
        let content = Sibling.Content.value([UInt8](repeating: 1, count: size), contentType: "")
        return Reading(
            siblings: [Sibling(dot: Dot(actor: 1, counter: 1), timestamp: Timestamp(), content: content)],
            context: [1])
    }

    /// What there is to send, and how many bytes of the stream that is.
    private mutating func next() throws -> (results: [Kvnode_V1_SessionResult], bytes: Int) {
        let messages = outbox.take()
        return (
            try messages.flatMap { try Kvnode_V1_SessionResponse(serializedBytes: $0).results },
            messages.reduce(0) { $0 + 5 + $1.count }
        )
    }

    @Test("once they are too many, long replies are replaced by failures, until they are sent")
    mutating func dropped() throws {
        for _ in 0..<10 { outbox.begin() }
        #expect(!outbox.hasRoom)
        for id in 0..<3 { outbox.complete(id: UInt64(id), .read(reading(6_000)), as: .get) }
        outbox.complete(id: 3, .written(reading(6_000)), as: .put)
        outbox.complete(id: 4, .written(Reading(context: [1, 2])), as: .put)
        let (first, bytes) = try next()
        #expect(first.map(\.id) == [0, 1, 2, 3, 4])
        #expect(first.prefix(2).allSatisfy { $0.get.siblings.first?.value.count == 6_000 })
        #expect(first[2].error.reason == "overloaded")
        #expect(
            first[3].error.reason == "overloaded" && first[3].error.message.hasPrefix("the write was done"))
        #expect(first[3].error.replicasNeeded > 0, "it isn't for the client to repeat")
        #expect(first[4].put.context.count == 2, "a short one tells the fate of the write")
        // They are on their way, but the client doesn't have them yet.
        outbox.complete(id: 5, .read(reading(6_000)), as: .get)
        #expect(try next().results.map(\.error.reason) == ["overloaded"])
        outbox.sent(bytes)
        outbox.complete(id: 6, .read(reading(6_000)), as: .get)
        #expect(try next().results.map(\.get.found) == [true])
    }

    @Test("there is room for no operation before what was taken is sent")
    mutating func backPressure() throws {
        for _ in 0..<2 { outbox.begin() }
        outbox.complete(id: 0, .read(reading(20_000)), as: .get)
        let (first, bytes) = try next()
        #expect(first.count == 1 && !outbox.hasRoom)
        outbox.complete(id: 1, .failed(RequestError(.internal)), as: .get)
        #expect(try next().results.count == 1 && !outbox.hasRoom)
        outbox.sent(bytes)
        #expect(outbox.hasRoom)
    }

    @Test("a message is closed once it is long, and every byte that was counted leaves again")
    mutating func messages() throws {
        outbox = SessionOutbox(
            limits: SessionOutbox.Limits(maxInFlight: 10, maxUnsentBytes: 1, replyBytes: 100))
        for id in 0..<4 {
            outbox.begin()
            outbox.complete(id: UInt64(id), .read(reading(70)), as: .get)
        }
        let messages = outbox.take()
        #expect(messages.count == 2 && outbox.take().isEmpty && !outbox.hasRoom)
        for message in messages { outbox.sent(5 + message.count) }
        #expect(outbox.hasRoom)
    }
}
