import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import ObjectStorage

/// A real server, which the environment names.
private enum LiveServer {
    static let variables = ProcessInfo.processInfo.environment
    static let endpoint = variables["KVNODE_S3_TEST_ENDPOINT"]
    /// It is there.
    static let bucket = variables["KVNODE_S3_TEST_BUCKET"] ?? "kvnode-test"
    /// As `key:secret`: who may read the bucket and not write to it.
    static let reader = variables["KVNODE_S3_TEST_READER"]
    /// Whether it looks at signatures.
    static let isChecked = variables["KVNODE_S3_TEST_UNCHECKED"] == nil
}

/// The client of S3 against a real server; docs/testing.md says how to name it.
@Suite(.enabled(if: LiveServer.endpoint != nil), .serialized, .timeLimit(.minutes(3)))
struct LiveServerTests {
    private func with(
        bucket: String = LiveServer.bucket, _ changes: [String: String] = [:],
        _ body: (S3ObjectStore) async throws -> Void
    ) async throws {
        var configuration = S3Configuration(endpoint: LiveServer.endpoint)
        configuration.partBytes = 5 << 20
        configuration.maxRetries = 2
        let store = try S3ObjectStore(
            // New each time, with what has to be encoded.
            bucket: bucket, prefix: "test=\(UUID().uuidString)/x y+ä&", configuration: configuration,
            environment: AWSEnvironment(variables: LiveServer.variables.merging(changes) { $1 }),
            group: MultiThreadedEventLoopGroup.singleton)
        do {
            try await body(store)
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
    }

    @Test func `Objects are put, given, listed and removed`() async throws {
        try await with { store in
            try await store.check()
            #expect(try await store.list("") == [])
            #expect(try await store.get("a/b") == nil)
            try await store.put("a/b", ByteBuffer(string: "hello"))
            try await store.put("a/b", ByteBuffer(string: "again"))
            try await store.put("a-c", ByteBuffer())
            #expect(try await store.get("a/b") == ByteBuffer(string: "again"))
            #expect(try await store.get("a-c") == ByteBuffer())
            let objects = try await store.list("")
            #expect(objects.map(\.name) == ["a-c", "a/b"])
            #expect(objects.map(\.size) == [0, 5])
            #expect(objects.allSatisfy { abs(Double($0.modified) - WallClock.now()) < 60 })
            #expect(try await store.list("a/").map(\.name) == ["a/b"])
            try await store.delete(["a/b", "a-c", "missing"])
            #expect(try await store.list("") == [])
            #expect(try await store.get("a/b") == nil)
        }
    }

    @Test func `An object in parts`() async throws {
        try await with { store in
            let bytes = ByteBuffer.pattern(12 << 20)
            try await store.put("large", bytes)
            #expect(try await store.get("large") == bytes)
            #expect(try await store.list("").map(\.size) == [12 << 20])
            try await store.delete(["large"])
            #expect(try await store.get("large") == nil)
        }
    }

    @Test func `1,001 objects are listed and removed`() async throws {
        try await with { store in
            let names = (0..<1_001).map { "n/\(10_000 + $0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for start in 0..<8 {
                    group.addTask {
                        for index in stride(from: start, to: names.count, by: 8) {
                            try await store.put(names[index], ByteBuffer(string: names[index]))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.list("").map(\.name) == names)
            #expect(try await store.list("n/1000").count == 10)
            try await store.delete(names)
            #expect(try await store.list("") == [])
        }
    }

    @Test func `There is no such bucket`() async throws {
        try await with(bucket: "kvnode-no-such-bucket") { store in
            for call in [{ try await store.check() }, { _ = try await store.list("") }] {
                let error = await #expect(throws: ObjectStoreError.self) { try await call() }
                #expect(error?.code == .noSuchBucket, "\(String(describing: error))")
            }
        }
    }

    @Test(.enabled(if: LiveServer.isChecked)) func `A wrong key, and a wrong secret`() async throws {
        for changes in [["AWS_ACCESS_KEY_ID": "nobody"], ["AWS_SECRET_ACCESS_KEY": "wrong-secret"]] {
            try await with(changes) { store in
                for call in [
                    { try await store.check() }, { try await store.put("a", ByteBuffer(string: "x")) },
                    { _ = try await store.list("") },
                ] {
                    let error = await #expect(throws: ObjectStoreError.self) { try await call() }
                    #expect(error?.code == .notAuthorized, "\(String(describing: error))")
                    #expect(error?.message.contains("wrong-secret") == false)
                }
            }
        }
    }

    @Test(.enabled(if: LiveServer.isChecked && LiveServer.reader != nil)) func `Who may read may not write`()
        async throws
    {
        let pair = try #require(LiveServer.reader).split(separator: ":").map(String.init)
        try await with(["AWS_ACCESS_KEY_ID": pair[0], "AWS_SECRET_ACCESS_KEY": pair[1]]) { store in
            let objects = try await store.list("")
            #expect(objects == [])
            for call in [
                { try await store.put("a", ByteBuffer(string: "x")) },
                { try await store.put("b", ByteBuffer(repeating: 1, count: 6 << 20)) },
            ] {
                let error = await #expect(throws: ObjectStoreError.self) { try await call() }
                #expect(error?.code == .notAuthorized, "\(String(describing: error))")
            }
        }
    }
}
