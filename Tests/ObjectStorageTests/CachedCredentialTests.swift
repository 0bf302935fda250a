import NIOCore
import NIOPosix
import Testing

@testable import ObjectStorage

/// When providers of credentials are asked, and when not.
@Suite(.timeLimit(.minutes(1))) struct CachedCredentialTests {
    private let bench = Bench()

    /// Gives the credentials that the test says, and counts.
    private final class Source: CredentialProvider {
        let calls = Counter()
        private let next: @Sendable (Int) throws(CredentialError) -> AWSCredentials

        init(_ next: @escaping @Sendable (Int) throws(CredentialError) -> AWSCredentials) { self.next = next }

        func credentials() async throws(CredentialError) -> AWSCredentials {
            let call = calls.next()
            // Others get to wait for the same answer.
            for _ in 0..<50 { await Task.yield() }
            return try next(call)
        }
    }

    private func until(_ seconds: Double, key: String) -> AWSCredentials {
        AWSCredentials(accessKey: key, secretKey: "s", sessionToken: "t", expiration: Bench.start + seconds)
    }

    @Test func `However many ask, the provider is asked once`() async throws {
        let source = Source { [given = until(3_600, key: "k")] _ in given }
        let cache = CachedCredentials(source, now: { Bench.start })
        await withTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { try? await cache.credentials().accessKey } }
            for await key in group { #expect(key == "k") }
        }
        #expect(source.calls.value == 1)
    }

    @Test func `Credentials are replaced five minutes before their end`() async throws {
        let (first, second) = (until(1_000, key: "0"), until(5_000, key: "1"))
        let source = Source { $0 == 0 ? first : second }
        let cache = CachedCredentials(source, now: { [bench] in bench.now })
        #expect(try await cache.credentials() == first)
        bench.advance(699)
        #expect(try await cache.credentials() == first)
        bench.advance(2)
        #expect(try await cache.credentials() == second)
        #expect(source.calls.value == 2)
    }

    @Test func `A provider that fails is bridged until the end, and left alone in between`() async throws {
        let first = until(1_000, key: "0")
        let source = Source { call throws(CredentialError) in
            if call == 0 { return first }
            throw CredentialError(source: "x", reason: "down")
        }
        let cache = CachedCredentials(source, now: { [bench] in bench.now })
        #expect(try await cache.credentials() == first)
        bench.advance(800)
        for _ in 0..<3 { #expect(try await cache.credentials() == first) }
        #expect(source.calls.value == 2)
        bench.advance(31)
        #expect(try await cache.credentials() == first)
        #expect(source.calls.value == 3)
        bench.advance(170)
        await #expect(throws: CredentialError(source: "x", reason: "down")) { try await cache.credentials() }
    }

    @Test func `A first failure is told, and the next call asks again`() async throws {
        let good = until(3_600, key: "k")
        let source = Source { call throws(CredentialError) in
            if call > 0 { return good }
            throw CredentialError(source: "x", reason: "down")
        }
        let cache = CachedCredentials(source, now: { Bench.start })
        await #expect(throws: CredentialError.self) { try await cache.credentials() }
        #expect(try await cache.credentials() == good)
    }

    @Test func `Credentials that a server takes no more are replaced, but not again and again`() async throws
    {
        let (first, second) = (until(3_600, key: "0"), until(3_600, key: "1"))
        let source = Source { $0 == 0 ? first : second }
        let cache = CachedCredentials(source, now: { [bench] in bench.now })
        _ = try await cache.credentials()
        bench.advance(31)
        #expect(await cache.hasOther(than: first))
        // Another caller was refused with the same.
        #expect(await cache.hasOther(than: first))
        #expect(try await cache.credentials() == second)
        #expect(await cache.hasOther(than: first))
        #expect(await !cache.hasOther(than: second))
        #expect(try await cache.credentials() == second)
        #expect(source.calls.value == 2)
    }

    @Test func `A request whose token is refused is sent again with another`() async throws {
        let (first, second) = (until(3_600, key: "0"), until(3_600, key: "1"))
        let cache = CachedCredentials(
            Source { $0 == 0 ? first : second }, now: { [bench] in bench.now })
        try await ScriptedServer.with { request in
            request.headers["authorization"]?.contains("Credential=0/") == true
                ? .error(400, "ExpiredToken") : .text(200, "hello")
        } _: { server in
            let store = try S3ObjectStore(
                bucket: "bucket", prefix: "p", configuration: S3Configuration(endpoint: server.address),
                environment: bench.environment(Bench.keys), credentials: cache,
                group: MultiThreadedEventLoopGroup.singleton)
            _ = try await cache.credentials()
            bench.advance(31)
            let object = try await store.get("a")
            try await store.close()
            #expect(object == ByteBuffer(string: "hello"))
            #expect(server.received.count == 2)
        }
    }

    @Test func `Credentials that last are asked for once`() async throws {
        let source = Source { _ in AWSCredentials(accessKey: "a", secretKey: "s") }
        let cache = CachedCredentials(source, now: { [bench] in bench.now })
        _ = try await cache.credentials()
        bench.advance(1e9)
        _ = try await cache.credentials()
        #expect(source.calls.value == 1)
    }
}
