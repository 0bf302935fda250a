import NIOCore
import Testing

@testable import ObjectStorage

/// Lists of many pages, and the removal of many objects.
@Suite(.timeLimit(.minutes(1))) struct ListAndDeleteTests {
    private let bench = Bench()

    /// A page with whole keys.
    private static func page(_ keys: [String], next: String? = nil) -> Reply {
        let contents = keys.map {
            "<Contents><Key>\(PercentEncoding.encode($0, keepingSlashes: true))</Key><LastModified>2013-05-24T00:00:00.000Z"
                + "</LastModified><Size>\($0.utf8.count)</Size></Contents>"
        }
        let more = next.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? ""
        return .text(
            200,
            "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>\(next != nil)</IsTruncated>"
                + "\(more)\(contents.joined())</ListBucketResult>")
    }

    @Test func `All pages are read, and objects are sorted`() async throws {
        try await bench.withStore { request in
            switch request.query["continuation-token"] {
            case nil: Self.page(["p/a/2", "p/a/1"], next: "t+/=")
            case "t+/=": Self.page(["p/a/10", "p/a/"], next: "u")
            case "u": Self.page(["p/a/x y", "p/a/.hidden", "p/a-b"])
            default: .answer(400)
            }
        } _: { store, server in
            let objects = try await store.list("a")
            #expect(objects.map(\.name) == ["a-b", "a/1", "a/10", "a/2"])
            #expect(objects.first == StoredObject(name: "a-b", size: 5, modified: Int64(Bench.start)))
            #expect(server.received.map(\.path) == ["/bucket", "/bucket", "/bucket"])
            #expect(server.received.map { $0.query["prefix"] } == ["p/a", "p/a", "p/a"])
            #expect(server.received.allSatisfy { $0.query["list-type"] == "2" })
        }
    }

    @Test func `A server that repeats a page is given up`() async throws {
        try await bench.withStore { _ in
            Self.page(["p/a"], next: "t")
        } _: { store, server in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.list("") }
            #expect(error?.code == .corrupt)
            #expect(server.received.count == 2)
        }
    }

    @Test func `Nothing is there`() async throws {
        try await bench.withStore(prefix: "") { _ in
            Self.page([])
        } _: { store, server in
            let objects = try await store.list("")
            #expect(objects == [])
            #expect(server.received.first?.query["prefix"] == "")
        }
    }

    // MARK: Removal

    @Test func `Objects are removed a thousand at a time`() async throws {
        try await bench.withStore(prefix: "a&b") { _ in
            .text(200, "<DeleteResult/>")
        } _: { store, server in
            try await store.delete((0..<1_001).map { "k\($0)" })
            #expect(server.received.map { "\($0.method) \($0.path)" } == ["POST /bucket", "POST /bucket"])
            #expect(server.received.allSatisfy { $0.query == ["delete": ""] })
            #expect(
                server.received.last?.text
                    == "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>"
                    + "<Object><Key>a&amp;b/k1000</Key></Object></Delete>")
            for request in server.received {
                #expect(
                    request.headers["content-md5"]
                        == Hashes.base64(Hashes.md5(ByteBuffer(bytes: request.body))))
            }
        }
    }

    @Test func `No names, no request`() async throws {
        try await bench.withStore { _ in
            .ok
        } _: { store, server in
            try await store.delete([])
            #expect(server.received.isEmpty)
        }
    }

    @Test func `Objects that are still there are told of`() async throws {
        try await bench.withStore { _ in
            .text(
                200,
                "<DeleteResult><Error><Key>p/a</Key><Code>NoSuchKey</Code></Error>"
                    + "<Error><Key>p/b</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>"
            )
        } _: { store, _ in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.delete(["a", "b"]) }
            #expect(
                error
                    == ObjectStoreError(
                        .notAuthorized,
                        "delete of 2 objects at s3://bucket/p: 1 are still there, of which p/b: AccessDenied: no"
                    ))
        }
    }

    @Test func `An answer that doesn't say what was removed`() async throws {
        try await bench.withStore { _ in
            .ok
        } _: { store, _ in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.delete(["a"]) }
            #expect(error?.code == .corrupt)
        }
    }

    @Test(arguments: [Reply.error(501, "NotImplemented"), .answer(405)])
    func `A server that removes objects one by one only`(_ refusal: Reply) async throws {
        try await bench.withStore { request in
            if request.method == "POST" { return refusal }
            return request.path.hasSuffix("a") ? .error(404, "NoSuchKey") : .answer(204)
        } _: { store, server in
            try await store.delete(["a", "b"])
            #expect(
                server.received.map { "\($0.method) \($0.path)" } == [
                    "POST /bucket", "DELETE /bucket/p/a", "DELETE /bucket/p/b",
                ])
        }
    }
}
