import NIOCore
import Testing

@testable import ObjectStorage

/// What S3 refuses, and what is told of it.
@Suite(.timeLimit(.minutes(1))) struct RefusalTests {
    private let bench = Bench()
    private let hello = ByteBuffer(string: "hello")

    @Test(arguments: [
        (
            Reply.error(403, "AccessDenied", "Access Denied"), ObjectStoreError.Code.notAuthorized,
            "403 AccessDenied: Access Denied (request REQ1)"
        ),
        (.error(403, "InvalidAccessKeyId"), .notAuthorized, "403 InvalidAccessKeyId"),
        (
            .error(403, "SignatureDoesNotMatch", "m", more: "<StringToSign>AWS4</StringToSign>"),
            .notAuthorized, "403 SignatureDoesNotMatch: m (request REQ1)"
        ),
        (.error(400, "ExpiredToken"), .notAuthorized, "400 ExpiredToken"),
        (.error(404, "NoSuchBucket"), .noSuchBucket, "404 NoSuchBucket"),
        (.error(400, "BadDigest"), .corrupt, "400 BadDigest"),
        (.error(507, "XMinioStorageFull"), .noSpace, "507 XMinioStorageFull"),
        (.error(400, "EntityTooLarge"), .refused, "400 EntityTooLarge"),
        (.error(501, "NotImplemented"), .refused, "501 NotImplemented"),
        (.error(403, "RequestTimeTooSkewed"), .notAuthorized, "this machine's clock says 20130524T000000Z"),
        (
            .error(301, "PermanentRedirect", more: "<Region>us-west-2</Region>"), .invalidConfiguration,
            "the bucket is in the region us-west-2, not eu-central-1"
        ),
        (
            .error(400, "AuthorizationHeaderMalformed", more: "<Region>us-west-2</Region>"),
            .invalidConfiguration,
            "the bucket is in the region us-west-2, not eu-central-1"
        ),
    ])
    func `What is refused is not tried again`(
        _ reply: Reply, _ code: ObjectStoreError.Code, _ text: String
    ) async throws {
        try await bench.withStore { _ in
            reply
        } _: { store, server in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.put("a", hello) }
            #expect(error?.code == code)
            #expect(error?.message.hasPrefix("put of a at s3://bucket/p: ") == true)
            #expect(error?.message.contains(text) == true, "\(String(describing: error))")
            #expect(error?.message.contains("secret-of-the-test") == false)
            #expect(server.received.count == 1)
        }
    }

    @Test func `The check at the start`() async throws {
        try await bench.withStore { _ in
            .ok
        } _: { store, server in
            try await store.check()
            #expect(server.received.map { "\($0.method) \($0.path)" } == ["HEAD /bucket"])
        }
    }

    @Test(arguments: [
        (Reply.error(404, "NoSuchBucket"), ObjectStoreError.Code.noSuchBucket, "404 NoSuchBucket: why"),
        (.error(403, "AccessDenied"), .notAuthorized, "403 AccessDenied: why"),
        (.error(400, "ExpiredToken"), .notAuthorized, "400 ExpiredToken: why"),
        (
            .answer(301, headers: ["x-amz-bucket-region": "us-west-2"]), .invalidConfiguration,
            "in the region us-west-2"
        ),
        (
            .answer(400, headers: ["x-amz-bucket-region": "us-west-2"]), .invalidConfiguration,
            "in the region us-west-2"
        ),
    ])
    func `A check that fails says why, though HEAD has no answer to read`(
        _ reply: Reply, _ code: ObjectStoreError.Code, _ text: String
    ) async throws {
        try await bench.withStore { request in
            guard request.method == "HEAD", case .answer(let status, let headers, _) = reply else {
                return reply
            }
            return .answer(status, headers: headers)
        } _: { store, server in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.check() }
            #expect(error?.code == code)
            #expect(error?.message.contains(text) == true, "\(String(describing: error))")
            #expect(server.received.map(\.method) == ["HEAD", "GET"])
        }
    }

    @Test func `A server that refuses HEAD alone`() async throws {
        try await bench.withStore { request in
            request.method == "HEAD" ? .answer(403) : .ok
        } _: { store, _ in
            let error = await #expect(throws: ObjectStoreError.self) { try await store.check() }
            #expect(error == ObjectStoreError(.notAuthorized, "the check at s3://bucket/p: 403"))
        }
    }
}
