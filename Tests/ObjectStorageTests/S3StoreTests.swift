import NIOCore
import NIOPosix
import Testing

@testable import ObjectStorage

/// The client of S3 against a server whose answers the test decides.
@Suite(.timeLimit(.minutes(1))) struct S3StoreTests {
    private let bench = Bench()
    private let hello = ByteBuffer(string: "hello")
    private let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    private let checksum = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="

    // MARK: What is sent

    @Test func `A put carries the hash of what it puts`() async throws {
        try await bench.withStore { _ in
            .ok
        } _: { store, server in
            try await store.put("a/b", hello)
            let request = try #require(server.received.first)
            #expect(request.method == "PUT")
            #expect(request.path == "/bucket/p/a/b")
            #expect(request.text == "hello")
            #expect(request.headers["x-amz-content-sha256"] == hash)
            #expect(request.headers["x-amz-checksum-sha256"] == checksum)
            #expect(request.headers["x-amz-meta-sha256"] == hash)
            #expect(request.headers["x-amz-date"] == "20130524T000000Z")
            #expect(request.headers["host"] == String(server.address.dropFirst("http://".count)))
            #expect(request.headers["x-amz-server-side-encryption"] == nil)
            #expect(
                request.headers["authorization"]?.hasPrefix(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20130524/eu-central-1/s3/aws4_request, SignedHeaders="
                        + "host;x-amz-checksum-sha256;x-amz-content-sha256;x-amz-date;x-amz-meta-sha256, Signature="
                )
                    == true)
        }
    }

    @Test func `A prefix may have any characters`() async throws {
        try await bench.withStore(prefix: "team=ä/x y+z") { _ in
            .ok
        } _: { store, server in
            try await store.put("a", hello)
            #expect(server.received.first?.path == "/bucket/team%3D%C3%A4/x%20y%2Bz/a")
            #expect(store.location == "s3://bucket/team=ä/x y+z")
        }
    }

    @Test func `Encryption is asked for`() async throws {
        for (encryption, expected) in [
            (S3Configuration.Encryption.aes256, ["AES256", nil]), (.kms(keyID: nil), ["aws:kms", nil]),
            (.kms(keyID: "k1"), ["aws:kms", "k1"]),
        ] {
            try await bench.withStore {
                $0.encryption = encryption
            } script: { _ in
                .ok
            } _: { store, server in
                try await store.put("a", hello)
                let headers = server.received.first?.headers
                #expect(
                    [
                        headers?["x-amz-server-side-encryption"],
                        headers?["x-amz-server-side-encryption-aws-kms-key-id"],
                    ] == expected)
            }
        }
    }

    @Test func `A token of a session is sent and signed`() async throws {
        try await ScriptedServer.with { _ in
            .ok
        } _: { server in
            let variables = Bench.keys.merging(["AWS_SESSION_TOKEN": "session"]) { $1 }
            let store = try S3ObjectStore(
                bucket: "bucket", prefix: "", configuration: S3Configuration(endpoint: server.address),
                environment: bench.environment(variables), group: MultiThreadedEventLoopGroup.singleton)
            try await store.put("a", hello)
            #expect(server.received.first?.path == "/bucket/a")
            #expect(server.received.first?.headers["x-amz-security-token"] == "session")
            #expect(server.received.first?.headers["authorization"]?.contains("x-amz-security-token") == true)
            try await store.close()
        }
    }

    @Test func `Names are checked before anything is sent`() async throws {
        try await bench.withStore { _ in
            .ok
        } _: { store, server in
            for call in [
                { _ = try await store.get("../a") }, { try await store.put("../a", ByteBuffer()) },
                { _ = try await store.list("../a") }, { try await store.delete(["a", "../a"]) },
            ] {
                let error = await #expect(throws: ObjectStoreError.self) { try await call() }
                #expect(error?.code == .invalidName)
            }
            #expect(server.received.isEmpty)
        }
    }

    // MARK: What comes

    @Test func `An object is given as it was put`() async throws {
        try await bench.withStore { [hash, checksum] _ in
            .text(200, "hello", headers: ["x-amz-meta-sha256": hash, "x-amz-checksum-sha256": checksum])
        } _: { store, server in
            let object = try await store.get("a")
            #expect(object == hello)
            #expect(server.received.first?.headers["x-amz-checksum-mode"] == "ENABLED")
        }
    }

    @Test func `An object of parts, or of a server without checksums`() async throws {
        try await bench.withStore { _ in
            .text(200, "hello", headers: ["x-amz-checksum-sha256": "whatever-2"])
        } _: { store, _ in
            let object = try await store.get("a")
            #expect(object == hello)
        }
    }

    @Test(arguments: ["x-amz-meta-sha256", "x-amz-checksum-sha256"])
    func `A wrong checksum`(_ header: String) async throws {
        try await bench.withStore { _ in
            .text(200, "hello", headers: [header: "another"])
        } _: { store, server in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.get("a") }
            #expect(error?.code == .corrupt)
            #expect(
                error?.message.hasPrefix("get of a at s3://bucket/p: its 5 bytes have the SHA-256 2cf24d")
                    == true)
            #expect(server.received.count == 1)
        }
    }

    @Test func `There is no such object`() async throws {
        try await bench.withStore { _ in
            .error(404, "NoSuchKey")
        } _: { store, _ in
            let object = try await store.get("a")
            #expect(object == nil)
        }
    }

    @Test func `404 of whoever answers is no proof that there is no object`() async throws {
        try await bench.withStore { _ in
            .text(404, "<html>not found</html>")
        } _: { store, _ in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.get("a") }
            #expect(error == ObjectStoreError(.refused, "get of a at s3://bucket/p: 404"))
        }
    }

    @Test func `An object larger than the limit is refused`() async throws {
        try await bench.withStore {
            $0.maxObjectBytes = 4
        } script: { _ in
            .text(200, "hello")
        } _: { store, _ in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.get("a") }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("limit of 4 bytes") == true)
        }
    }

    // MARK: Configurations

    @Test func `No region, no store`() throws {
        let error = #expect(throws: ObjectStoreError.self) {
            try S3ObjectStore(
                bucket: "bucket", prefix: "", configuration: S3Configuration(),
                environment: bench.environment(),
                group: MultiThreadedEventLoopGroup.singleton)
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("set AWS_REGION") == true)
    }

    @Test func `Limits that can't be kept`() throws {
        let changes: [(inout S3Configuration) -> Void] = [
            { $0.partBytes = 0 }, { $0.maxObjectBytes = 3 << 30 }, { $0.maxConcurrentParts = 0 },
            { $0.maxRetries = -1 },
            { $0.maxObjectBytes = 0 },
            { $0.requestTimeout = .zero }, { $0.connectTimeout = .zero },
            { $0.retryBaseDelay = .seconds(-1) },
        ]
        for change in changes {
            var configuration = S3Configuration()
            change(&configuration)
            #expect(throws: ObjectStoreError.self) { try configuration.check() }
        }
    }

    @Test func `No credentials`() async throws {
        let store = try S3ObjectStore(
            bucket: "bucket", prefix: "",
            configuration: S3Configuration(region: "r", endpoint: "http://127.0.0.1:1"),
            environment: bench.environment(["AWS_EC2_METADATA_DISABLED": "true"]),
            group: MultiThreadedEventLoopGroup.singleton)
        let error = await #expect(throws: ObjectStoreError.self) { try await store.check() }
        #expect(error?.code == .notAuthorized)
        #expect(error?.message.contains("no credentials: none were found: environment: ") == true)
        try await store.close()
    }
}
