import ClusterCore
import SwiftProtobuf
import Testing

@testable import API

@Suite("gRPC: a session's unsent replies")
struct SessionOutboxTests {
    private let outbox = SessionOutbox(
        limits: SessionHandler.Limits(maxInFlight: 10, maxUnsentBytes: 10_000, replyBytes: 100_000))

    private func reading(_ size: Int) -> Reading {
        let content = Sibling.Content.value([UInt8](repeating: 1, count: size), contentType: "")
        return Reading(
            siblings: [Sibling(dot: Dot(actor: 1, counter: 1), timestamp: Timestamp(), content: content)],
            context: [1])
    }

    private func next() async throws -> [Kvnode_V1_SessionResult] {
        let messages = try #require(await outbox.next())
        return try messages.flatMap { try Kvnode_V1_SessionResponse(serializedBytes: $0).results }
    }

    @Test("once they are too many, long replies are replaced by failures, until they are sent")
    func dropped() async throws {
        #expect(await outbox.reserve(10) == 10)
        for id in 0..<3 { outbox.complete(id: UInt64(id), .read(reading(6_000)), as: .get) }
        outbox.complete(id: 3, .written(reading(6_000)), as: .put)
        outbox.complete(id: 4, .written(Reading(context: [1, 2])), as: .put)
        let first = try await next()
        #expect(first.map(\.id) == [0, 1, 2, 3, 4])
        #expect(first.prefix(2).allSatisfy { $0.get.siblings.first?.value.count == 6_000 })
        #expect(first[2].error.reason == "overloaded")
        #expect(
            first[3].error.reason == "overloaded" && first[3].error.message.hasPrefix("the write was done"))
        #expect(first[4].put.context.count == 2, "a short one tells the fate of the write")
        // The writer has them, but the client doesn't yet.
        outbox.complete(id: 5, .read(reading(6_000)), as: .get)
        let second = try await next()
        #expect(second.map(\.error.reason) == ["overloaded"])
        outbox.complete(id: 6, .read(reading(6_000)), as: .get)
        #expect(try await next().map(\.get.found) == [true])
    }

    @Test("no operation is taken before the writer has sent what it took")
    func backPressure() async throws {
        #expect(await outbox.reserve(2) == 2)
        outbox.complete(id: 0, .read(reading(20_000)), as: .get)
        #expect(try await next().count == 1)
        async let granted = outbox.reserve(1)
        // Comes to the writer while the first reply is being sent: nothing was granted in between, as the
        // operation would count as in flight.
        outbox.complete(id: 1, .failed(RequestError(.internal)), as: .get)
        #expect(try await next().count == 1, "the first is sent now")
        #expect(await granted == 1)
    }
}
