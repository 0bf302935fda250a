import NIOCore
import Testing

@testable import ObjectStorage

/// Objects that are sent in parts.
@Suite(.timeLimit(.minutes(1))) struct UploadTests {
    private let bench = Bench()
    private let bytes = ByteBuffer.pattern(25)
    private static let created = Reply.text(
        200, "<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId></InitiateMultipartUploadResult>")
    private static let completed = Reply.text(200, "<CompleteMultipartUploadResult/>")

    private static func parts(_ configuration: inout S3Configuration) {
        configuration.partBytes = 10
        configuration.maxConcurrentParts = 2
        configuration.encryption = .aes256
    }

    private static func answer(_ request: Received) -> Reply {
        switch (request.method, request.query["partNumber"]) {
        case ("POST", _): request.query["uploads"] != nil ? created : completed
        case ("PUT", let number?): .answer(200, headers: ["ETag": "\"e\(number)\""])
        case ("DELETE", _): .answer(204)
        default: .answer(400)
        }
    }

    private func steps(_ server: ScriptedServer) -> [String] {
        server.received.map { request in
            let part = request.query["partNumber"] ?? (request.query["uploads"] == nil ? "" : "new")
            return "\(request.method) \(part)"
        }
    }

    @Test func `A large object goes in parts`() async throws {
        try await bench.withStore(Self.parts, script: Self.answer) { store, server in
            try await store.put("a", bytes)
            let steps = steps(server)
            #expect(steps.first == "POST new")
            #expect(steps.dropFirst().dropLast().sorted() == ["PUT 1", "PUT 2", "PUT 3"])
            #expect(steps.last == "POST ")
            #expect(server.received.allSatisfy { $0.path == "/bucket/p/a" })
            #expect(server.received.dropFirst().allSatisfy { $0.query["uploadId"] == "u&1" })
            let first = server.received.first?.headers
            #expect(first?["x-amz-server-side-encryption"] == "AES256")
            #expect(first?["x-amz-checksum-algorithm"] == "SHA256")
            #expect(first?["x-amz-meta-sha256"] == Hashes.hex(Hashes.sha256(bytes)))
        }
    }

    @Test func `Parts are the object, in order`() async throws {
        try await bench.withStore(Self.parts, script: Self.answer) { store, server in
            // As of a buffer that was read from before.
            var longer = ByteBuffer(string: "before")
            longer.writeImmutableBuffer(bytes)
            longer.moveReaderIndex(forwardBy: 6)
            try await store.put("a", longer)
            let parts = server.received.filter { $0.method == "PUT" }.sorted {
                $0.query["partNumber"]! < $1.query["partNumber"]!
            }
            #expect(parts.map(\.body.count) == [10, 10, 5])
            #expect(parts.flatMap(\.body) == Array(buffer: bytes))
            let sums = parts.map { Hashes.base64(Hashes.sha256(ByteBuffer(bytes: $0.body))) }
            #expect(parts.map { $0.headers["x-amz-checksum-sha256"] } == sums)
            let last = try #require(server.received.last).body
            let list = try #require(XMLElement.parse(ByteBuffer(bytes: last))).all("Part")
            #expect(list.map { $0["PartNumber"]?.text } == ["1", "2", "3"])
            #expect(list.map { $0["ETag"]?.text } == ["\"e1\"", "\"e2\"", "\"e3\""])
            #expect(list.map { $0["ChecksumSHA256"]?.text } == sums)
        }
    }

    @Test func `An object of one part's size goes at once`() async throws {
        try await bench.withStore(Self.parts, script: { _ in .ok }) { store, server in
            try await store.put("a", .pattern(10))
            try await store.put("b", ByteBuffer())
            #expect(steps(server) == ["PUT ", "PUT "])
            #expect(server.received.map(\.headers["content-length"]) == ["10", "0"])
        }
    }

    @Test func `No more parts than allowed are on the way`() async throws {
        // The server, which answers one request after the other, sees parts in order if it sees them one at a time.
        try await bench.withStore {
            Self.parts(&$0)
            $0.maxConcurrentParts = 1
        } script: {
            Self.answer($0)
        } _: { store, server in
            try await store.put("a", .pattern(95))
            #expect(steps(server).dropFirst().dropLast() == (1...10).map { "PUT \($0)" }[...])
        }
    }

    @Test func `Parts that end in another order are told of in order`() async throws {
        let third = Counter()
        try await bench.withStore {
            Self.parts(&$0)
            $0.maxRetries = 10_000
        } script: { request in
            // It is sent only when the second has ended.
            if request.query["partNumber"] == "3" { _ = third.next() }
            return request.query["partNumber"] == "1" && third.value == 0
                ? .answer(500) : Self.answer(request)
        } _: { store, server in
            try await store.put("a", bytes)
            let last = try #require(server.received.last).body
            let list = try #require(XMLElement.parse(ByteBuffer(bytes: last))).all("Part")
            #expect(list.map { $0["PartNumber"]?.text } == ["1", "2", "3"])
        }
    }

    @Test func `A part that fails for the moment is sent again`() async throws {
        let count = Counter()
        try await bench.withStore(
            Self.parts,
            script: { request in
                request.query["partNumber"] == "2" && count.next() < 2 ? .answer(500) : Self.answer(request)
            }
        ) { store, server in
            try await store.put("a", bytes)
            #expect(steps(server).count { $0 == "PUT 2" } == 3)
            #expect(!steps(server).contains("DELETE "))
        }
    }

    @Test func `An upload that fails is aborted, after all of its parts have ended`() async throws {
        try await bench.withStore(
            Self.parts,
            script: { request in
                request.query["partNumber"] == "2" ? .error(403, "AccessDenied") : Self.answer(request)
            }
        ) { store, server in
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.put("a", .pattern(95))
            }
            #expect(error?.code == .notAuthorized)
            #expect(steps(server).last == "DELETE ")
            #expect(steps(server).count { $0 == "DELETE " } == 1)
            #expect(!steps(server).contains("POST "))
        }
    }

    @Test func `An end that fails behind a success is a failure`() async throws {
        try await bench.withStore(
            Self.parts,
            script: { request in
                request.method == "POST" && request.query["uploads"] == nil
                    ? .error(200, "InvalidPart", "a part is missing") : Self.answer(request)
            }
        ) { store, server in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.put("a", bytes) }
            #expect(error?.message.contains("InvalidPart: a part is missing") == true)
            #expect(steps(server).last == "DELETE ")
        }
    }

    @Test func `An end that fails for the moment behind a success is tried again`() async throws {
        let count = Counter()
        try await bench.withStore(
            Self.parts,
            script: { request in
                request.method == "POST" && request.query["uploads"] == nil && count.next() == 0
                    ? .error(200, "InternalError") : Self.answer(request)
            }
        ) { store, server in
            try await store.put("a", bytes)
            #expect(steps(server).suffix(2) == ["POST ", "POST "])
        }
    }

    @Test func `What can't be aborted is named`() async throws {
        try await bench.withStore(
            Self.parts,
            script: { request in
                request.method == "PUT" || request.method == "DELETE"
                    ? .error(403, "AccessDenied") : Self.answer(request)
            }
        ) { store, _ in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.put("a", bytes) }
            #expect(
                error?.message.contains("its parts could not be removed (upload u&1): 403 AccessDenied")
                    == true)
        }
    }

    @Test func `An upload whose task is cancelled is aborted`() async throws {
        let (parts, arrived) = AsyncStream<Void>.makeStream()
        try await bench.withStore(
            Self.parts,
            script: { request in
                guard request.method == "PUT" else { return Self.answer(request) }
                arrived.yield()
                return .never
            }
        ) { store, server in
            let put = Task { [bytes] in try await store.put("a", bytes) }
            for await _ in parts { break }
            put.cancel()
            let error = await #expect(throws: ObjectStoreError.self) { try await put.value }
            #expect(error?.code == .cancelled)
            #expect(steps(server).last == "DELETE ")
        }
    }

    @Test func `A server that is gone keeps nobody for long`() async throws {
        let (parts, arrived) = AsyncStream<Void>.makeStream()
        try await bench.withStore {
            Self.parts(&$0)
            $0.requestTimeout = .milliseconds(300)
        } script: { request in
            if request.method == "PUT" { arrived.yield() }
            return request.method == "POST" ? Self.answer(request) : .never
        } _: { store, _ in
            let put = Task { [bytes] in try await store.put("a", bytes) }
            for await _ in parts { break }
            put.cancel()
            let error = await #expect(throws: ObjectStoreError.self) { try await put.value }
            #expect(error?.code == .cancelled)
            #expect(error?.message.contains("could not be removed (upload u&1): ") == true)
            #expect(error?.message.hasSuffix("(the last of 2 attempts)") == true)
        }
    }
}
