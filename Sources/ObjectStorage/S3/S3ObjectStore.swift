import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// Objects in a bucket of Amazon S3, or of a server that speaks its protocol.
///
/// After a `put` that threw, or a process that was killed, S3 may hold an upload without its end: a rule of the bucket's life cycle
/// (`AbortIncompleteMultipartUpload`) removes such. Whoever may not list the bucket is told `notAuthorized` of objects that there are not.
public struct S3ObjectStore: ObjectStore {
    public let location: String
    private let prefix: String
    private let configuration: S3Configuration
    private let client: S3Client

    /// - Parameters:
    ///   - bucket: By the rules of `ObjectStoreLocation`, as is `prefix`; that is empty for the whole bucket.
    ///   - credentials: nil: those that AWS's SDKs would use (`CredentialChain.standard`), kept until they expire.
    ///   - group: Where connections live.
    /// - Throws: `invalidName` or `invalidConfiguration`. Nothing is sent before the first call.
    public init(
        bucket: String, prefix: String, configuration: S3Configuration, environment: AWSEnvironment,
        credentials: (any CredentialProvider)? = nil, group: any EventLoopGroup
    ) throws(ObjectStoreError) {
        location = ObjectStoreLocation.s3(bucket: bucket, prefix: prefix).description
        if let fault = ObjectStoreLocation.bucketFault(bucket) ?? ObjectStoreLocation.prefixFault(prefix) {
            throw ObjectStoreError(.invalidName, "a bucket or prefix of \(location) \(fault)")
        }
        try configuration.check()
        guard let region = configuration.region ?? environment.region else {
            throw ObjectStoreError(
                .invalidConfiguration,
                "no region is known for \(location): configure it, or set AWS_REGION or AWS_DEFAULT_REGION")
        }
        let address = try S3Address(
            bucket: bucket, region: region, endpoint: configuration.endpoint,
            addressing: configuration.addressing)
        self.prefix = prefix.isEmpty ? "" : "\(prefix)/"
        self.configuration = configuration
        let http = try Self.httpClient(configuration, environment, group)
        client = S3Client(
            address: address, region: region, http: HTTPCaller(client: http),
            credentials: credentials
                ?? CachedCredentials(CredentialChain.standard(environment, http), now: environment.now),
            retries: RetryPolicy(
                maxRetries: configuration.maxRetries, baseDelay: configuration.retryBaseDelay,
                maxDelay: configuration.retryMaxDelay, random: environment.random, sleep: environment.sleep),
            requestTimeout: configuration.requestTimeout, now: environment.now)
    }

    private static func httpClient(
        _ configuration: S3Configuration, _ environment: AWSEnvironment, _ group: any EventLoopGroup
    ) throws(ObjectStoreError) -> HTTPClient {
        var options = HTTPClient.Configuration()
        options.tlsConfiguration = .makeClientConfiguration()
        if let path = environment.authorities { options.tlsConfiguration?.trustRoots = try authorities(path) }
        options.httpVersion = .http1Only
        // A signature is good for one host.
        options.redirectConfiguration = .disallow
        options.timeout.connect = TimeAmount(configuration.connectTimeout)
        // What is tried again is decided here alone.
        options.connectionPool.retryConnectionEstablishment = false
        options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(
            8, configuration.maxConcurrentParts)
        options.tracing.tracer = nil
        return HTTPClient(eventLoopGroup: group, configuration: options)
    }

    private static func authorities(_ path: String) throws(ObjectStoreError) -> NIOSSLTrustRoots {
        do {
            let authorities = try NIOSSLCertificate.fromPEMFile(path)
            // Without any, nobody would be trusted, and nobody told why.
            guard !authorities.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
            return .certificates(authorities)
        } catch {
            throw ObjectStoreError(
                .invalidConfiguration,
                "the certificates in \(path), which AWS_CA_BUNDLE names, can't be read: \(error)")
        }
    }

    public func check() async throws(ObjectStoreError) {
        try await run("the check") { () async throws(CallFailure) in
            do throws(CallFailure) {
                _ = try await client.send(S3Request(method: .HEAD))
            } catch {
                guard error.status != nil else { throw error }
                // An answer to HEAD has no body to say why; one to a list, which takes the same rights, has.
                _ = try await client.send(
                    S3Request(method: .GET, query: [("list-type", "2"), ("max-keys", "1")]))
                throw error
            }
        }
    }

    public func put(_ name: String, _ bytes: ByteBuffer) async throws(ObjectStoreError) {
        try ObjectName.check(name)
        try await run("put of \(name)") { () async throws(CallFailure) in
            try await S3Upload(client: client, key: prefix + name, configuration: configuration).put(bytes)
        }
    }

    public func get(_ name: String) async throws(ObjectStoreError) -> ByteBuffer? {
        try ObjectName.check(name)
        return try await run("get of \(name)") { () async throws(CallFailure) in
            try await S3Download.get(prefix + name, client, maxBytes: configuration.maxObjectBytes)
        }
    }

    public func list(_ prefix: String) async throws(ObjectStoreError) -> [StoredObject] {
        try ObjectName.checkPrefix(prefix)
        return try await run("list of \"\(prefix)\"") { () async throws(CallFailure) in
            var objects: [StoredObject] = []
            var token: String?
            repeat {
                let page = try await page(prefix, after: token)
                objects += page.objects.compactMap(own)
                guard page.next == nil || page.next != token else {
                    throw CallFailure(.corrupt, "the server gives the same page again and again")
                }
                token = page.next
            } while token != nil
            return objects.sorted { $0.name < $1.name }
        }
    }

    private func page(_ prefix: String, after token: String?) async throws(CallFailure) -> S3Listing {
        var query = [
            (name: "list-type", value: "2"), ("prefix", self.prefix + prefix), ("encoding-type", "url"),
        ]
        if let token { query.append(("continuation-token", token)) }
        return try S3Listing(await client.send(S3Request(method: .GET, query: query)))
    }

    /// Without the store's prefix; nil if it is no object of ours.
    private func own(_ object: StoredObject) -> StoredObject? {
        guard object.name.utf8.starts(with: prefix.utf8) else { return nil }
        var own = object
        own.name = String(decoding: object.name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        return ObjectName.isValid(own.name) ? own : nil
    }

    public func delete(_ names: [String]) async throws(ObjectStoreError) {
        try ObjectName.check(names)
        for start in stride(from: 0, to: names.count, by: S3Deletion.maxKeys) {
            let keys = names[start..<min(start + S3Deletion.maxKeys, names.count)].map { prefix + $0 }
            try await run("delete of \(keys.count) objects") { () async throws(CallFailure) in
                try await delete(keys: keys)
            }
        }
    }

    private func delete(keys: [String]) async throws(CallFailure) {
        do throws(CallFailure) {
            try S3Deletion.check(await client.send(S3Deletion.request(keys)))
        } catch {
            // Some servers remove objects one by one only.
            guard error.serverCode == "NotImplemented" || error.status == 501 || error.status == 405 else {
                throw error
            }
            for key in keys { try await delete(key: key) }
        }
    }

    private func delete(key: String) async throws(CallFailure) {
        do throws(CallFailure) {
            _ = try await client.send(S3Request(method: .DELETE, key: key))
        } catch {
            if error.serverCode != "NoSuchKey" { throw error }
        }
    }

    public func close() async throws(ObjectStoreError) {
        do {
            try await client.http.client.shutdown()
        } catch {
            throw ObjectStoreError(.io, "the connections to \(location) can't be closed: \(error)")
        }
    }

    /// Says what failed, and where.
    private func run<Answer>(
        _ what: String, _ body: () async throws(CallFailure) -> Answer
    ) async throws(ObjectStoreError) -> Answer {
        do throws(CallFailure) {
            return try await body()
        } catch {
            throw ObjectStoreError(error.code, "\(what) at \(location): \(error.reason)")
        }
    }
}
