import NIOCore
import NIOPosix
import Testing

@testable import ObjectStorage

/// What is tried again, and for how long.
@Suite(.timeLimit(.minutes(1))) struct AttemptTests {
    private let bench = Bench()
    private let hello = ByteBuffer(string: "hello")

    @Test(arguments: [
        Reply.answer(500), .answer(503), .answer(429), .error(503, "SlowDown"), .error(400, "RequestTimeout"),
        .error(500, "InternalError"), .truncated(length: 9, body: [1, 2]),
    ])
    func `What may succeed later is tried again`(_ failure: Reply) async throws {
        let count = Counter()
        try await bench.withStore { _ in
            count.next() < 3 ? failure : .text(200, "hello")
        } _: { store, server in
            let object = try await store.get("a")
            #expect(object == hello)
            #expect(server.received.count == 4)
            // Half of each bound.
            #expect(bench.pauses == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
        }
    }

    @Test func `Attempts come to an end, and pauses have a bound`() async throws {
        try await bench.withStore {
            $0.maxRetries = 7
            $0.retryMaxDelay = .seconds(1)
        } script: { _ in
            .error(503, "SlowDown", "Reduce your request rate.")
        } _: { store, server in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.put("a", hello) }
            #expect(
                error
                    == ObjectStoreError(
                        .throttled,
                        "put of a at s3://bucket/p: 503 SlowDown: Reduce your request rate. (request REQ1) "
                            + "(the last of 8 attempts)"))
            #expect(server.received.count == 8)
            #expect(bench.pauses.count == 7)
            #expect(bench.pauses.max() == .milliseconds(500))
        }
    }

    @Test(arguments: [Reply.never, .headOnly(length: 5)])
    func `A server that is too slow`(_ reply: Reply) async throws {
        try await bench.withStore {
            $0.requestTimeout = .milliseconds(150)
            $0.maxRetries = 1
        } script: { _ in
            reply
        } _: { store, _ in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.get("a") }
            #expect(error?.code == .timedOut)
            #expect(error?.message.contains("no whole answer within 0.15 seconds") == true)
            #expect(error?.message.hasSuffix("(the last of 2 attempts)") == true)
        }
    }

    @Test func `A body that ends too early every time`() async throws {
        try await bench.withStore {
            $0.maxRetries = 1
        } script: { _ in
            .truncated(length: 9, body: [1])
        } _: { store, _ in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.get("a") }
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("closed the connection before its answer was whole") == true)
        }
    }

    @Test func `A server that is not there`() async throws {
        // Nobody listens at port 1.
        var configuration = S3Configuration(endpoint: "http://127.0.0.1:1")
        configuration.maxRetries = 2
        let store = try S3ObjectStore(
            bucket: "bucket", prefix: "", configuration: configuration,
            environment: bench.environment(Bench.keys),
            group: MultiThreadedEventLoopGroup.singleton)
        let error = await #expect(throws: ObjectStoreError.self) { try await store.check() }
        #expect(error?.code == .unreachable)
        #expect(
            error?.message
                == "the check at s3://bucket: http://127.0.0.1:1: the connection failed: Connection refused "
                + "(the last of 3 attempts)")
        #expect(bench.pauses.count == 2)
        try await store.close()
    }

    @Test func `A call ends when its task is cancelled`() async throws {
        let (requests, arrived) = AsyncStream<Void>.makeStream()
        try await bench.withStore { _ in
            arrived.yield()
            return .headOnly(length: 5)
        } _: { store, server in
            let call = Task { try await store.get("a") }
            for await _ in requests { break }
            call.cancel()
            let error = await #expect(throws: ObjectStoreError.self) { try await call.value }
            #expect(error?.code == .cancelled)
            #expect(server.received.count == 1)
        }
    }
}
