import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends requests to one bucket: signs them, tries again what may succeed then, and says what failed.
struct S3Client: Sendable {
    let address: S3Address
    let region: String
    let http: HTTPCaller
    let credentials: any CredentialProvider
    var retries: RetryPolicy
    var requestTimeout: Duration
    let now: @Sendable () -> Double

    /// - Returns: An answer that is a success.
    func send(_ request: S3Request) async throws(CallFailure) -> HTTPAnswer {
        try await retries.run { () async throws(CallFailure) in
            let used = try await currentCredentials()
            let answer = try await attempt(request, used)
            guard let error = S3ErrorAnswer(answer, isEarly: request.isAnsweredEarly) else { return answer }
            var failure = error.failure(signedFor: region, at: UTCTime(seconds: Int64(now())))
            // They may end early, when a role's sessions are revoked.
            if error.refusesToken, await credentials.hasOther(than: used) { failure.isTransient = true }
            throw failure
        }
    }

    private func attempt(
        _ request: S3Request, _ credentials: AWSCredentials
    ) async throws(CallFailure) -> HTTPAnswer {
        do throws(CallFailure) {
            return try await http.send(
                sign(request, credentials), within: requestTimeout, upTo: request.maxAnswerBytes)
        } catch {
            // No answer has named the server.
            var failure = error
            failure.reason = "\(address.origin): \(error.reason)"
            throw failure
        }
    }

    private func currentCredentials() async throws(CallFailure) -> AWSCredentials {
        do throws(CredentialError) {
            return try await credentials.credentials()
        } catch {
            throw CallFailure(.notAuthorized, "no credentials: \(error)")
        }
    }

    private func sign(_ request: S3Request, _ credentials: AWSCredentials) -> HTTPClientRequest {
        let time = UTCTime(seconds: Int64(now()))
        let path = address.path(of: request.key)
        let query = PercentEncoding.query(request.query)
        let hash = Hashes.hex(request.body.hash)
        var headers = request.headers
        headers += [("host", address.host), ("x-amz-date", time.basic), ("x-amz-content-sha256", hash)]
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        let authorization = SignatureV4(credentials: credentials, region: region).authorization(
            RequestToSign(
                method: request.method.rawValue, path: path, query: query, headers: headers, payloadHash: hash
            ),
            at: time)
        var signed = HTTPClientRequest(url: address.origin + path + (query.isEmpty ? "" : "?\(query)"))
        signed.method = request.method
        signed.headers = HTTPHeaders(headers)
        // A proxy may change it: it is not signed.
        signed.headers.add(name: "user-agent", value: "kvnode")
        signed.headers.add(name: "authorization", value: authorization)
        if request.body.bytes.readableBytes > 0 { signed.body = .bytes(request.body.bytes) }
        return signed
    }
}
