import NIOCore
import NIOHTTP1

/// An object on its way to S3, in one request or, if it is large, in parts.
struct S3Upload: Sendable {
    /// SHA-256 of the whole object in hexadecimal digits. S3's own checksum of an object of parts is of the parts' checksums, and other
    /// servers have none.
    static let hashHeader = "x-amz-meta-sha256"

    let client: S3Client
    let key: String
    let configuration: S3Configuration

    func put(_ bytes: ByteBuffer) async throws(CallFailure) {
        if bytes.readableBytes > configuration.partBytes { return try await putParts(bytes) }
        let body = S3Request.Payload(bytes)
        _ = try await client.send(
            S3Request(
                method: .PUT, key: key,
                headers: encryptionHeaders + [body.checksumHeader, (Self.hashHeader, Hashes.hex(body.hash))],
                body: body))
    }

    private var encryptionHeaders: [(name: String, value: String)] {
        let header = "x-amz-server-side-encryption"
        switch configuration.encryption {
        case .none: return []
        case .aes256: return [(header, "AES256")]
        case .kms(let keyID):
            return [(header, "aws:kms")] + (keyID.map { [("\(header)-aws-kms-key-id", $0)] } ?? [])
        }
    }

    // MARK: In parts

    /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
    private func putParts(_ bytes: ByteBuffer) async throws(CallFailure) {
        let id = try await create(bytes)
        do throws(CallFailure) {
            try await complete(id, try await send(bytes, id))
        } catch {
            var failure = error
            // What is left over would be paid for. The task may be cancelled, but this is to be done all the same.
            if let left = await Task(operation: { await abort(id) }).value {
                failure.reason += "; its parts could not be removed (upload \(id)): \(left.reason)"
            }
            throw failure
        }
    }

    /// - Returns: The upload's ID.
    private func create(_ bytes: ByteBuffer) async throws(CallFailure) -> String {
        let answer = try await client.send(
            S3Request(
                method: .POST, key: key, query: [("uploads", "")],
                headers: encryptionHeaders + [
                    ("x-amz-checksum-algorithm", "SHA256"),
                    (Self.hashHeader, Hashes.hex(Hashes.sha256(bytes))),
                ]))
        guard let id = XMLElement.parse(answer.body)?["UploadId"]?.text, !id.isEmpty else {
            throw CallFailure(.corrupt, "the answer names no upload")
        }
        return id
    }

    private struct Part: Sendable {
        var number: Int
        var tag: String
        var checksum: String

        var xml: String {
            "<Part><PartNumber>\(number)</PartNumber><ETag>\(XMLElement.escape(tag))</ETag>"
                + "<ChecksumSHA256>\(checksum)</ChecksumSHA256></Part>"
        }
    }

    /// Sends a few parts at a time. Once one has failed, the others are cancelled; none is under way when this returns.
    private func send(_ bytes: ByteBuffer, _ id: String) async throws(CallFailure) -> [Part] {
        let count = (bytes.readableBytes + configuration.partBytes - 1) / configuration.partBytes
        let result = await withTaskGroup(of: Result<Part, CallFailure>.self) { group in
            var parts: [Part] = []
            var failure: CallFailure?
            var started = 0
            func start() {
                guard started < count, failure == nil else { return }
                started += 1
                let number = started
                group.addTask { await send(part: number, of: bytes, id) }
            }
            for _ in 0..<configuration.maxConcurrentParts { start() }
            while let result = await group.next() {
                switch result {
                case .success(let part): parts.append(part)
                case .failure(let error):
                    failure = failure ?? error
                    group.cancelAll()
                }
                start()
            }
            return failure.map(Result<[Part], CallFailure>.failure) ?? .success(parts)
        }
        return try result.get().sorted { $0.number < $1.number }
    }

    /// - Parameter number: From 1.
    private func send(part number: Int, of bytes: ByteBuffer, _ id: String) async -> Result<Part, CallFailure>
    {
        let start = (number - 1) * configuration.partBytes
        let length = min(configuration.partBytes, bytes.readableBytes - start)
        // It shares the memory.
        guard let slice = bytes.getSlice(at: bytes.readerIndex + start, length: length) else {
            return .failure(CallFailure(.io, "part \(number) lies outside of the object"))
        }
        let body = S3Request.Payload(slice)
        do throws(CallFailure) {
            let answer = try await client.send(
                S3Request(
                    method: .PUT, key: key, query: [("partNumber", "\(number)"), ("uploadId", id)],
                    headers: [body.checksumHeader], body: body))
            guard let tag = answer.headers.first(name: "ETag") else {
                throw CallFailure(.corrupt, "the answer has no tag of part \(number)")
            }
            return .success(Part(number: number, tag: tag, checksum: body.checksumHeader.value))
        } catch {
            return .failure(error)
        }
    }

    private func complete(_ id: String, _ parts: [Part]) async throws(CallFailure) {
        let xml =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            + parts.map(\.xml).joined() + "</CompleteMultipartUpload>"
        _ = try await client.send(
            S3Request(
                method: .POST, key: key, query: [("uploadId", id)],
                headers: [("content-type", "application/xml")],
                body: S3Request.Payload(ByteBuffer(string: xml)), isAnsweredEarly: true))
    }

    /// It does not end with the caller's task, so it is not tried for as long as other requests.
    ///
    /// - Returns: Why it could not be done. An upload that is gone was completed, or aborted by an attempt whose answer was lost.
    private func abort(_ id: String) async -> CallFailure? {
        var hasty = client
        hasty.retries.maxRetries = min(client.retries.maxRetries, 1)
        hasty.requestTimeout = min(client.requestTimeout, .seconds(10))
        do throws(CallFailure) {
            _ = try await hasty.send(S3Request(method: .DELETE, key: key, query: [("uploadId", id)]))
            return nil
        } catch {
            return error.serverCode == "NoSuchUpload" ? nil : error
        }
    }
}
