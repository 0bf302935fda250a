import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix

/// The requests of those providers that ask a server.
struct CredentialHTTP: Sendable {
    /// Such servers are near, and those that are not there should not keep a node from starting.
    private static let timeout = Duration.seconds(2)
    private static let maxAnswerBytes = 64 << 10
    /// What is quoted of an answer.
    private static let maxQuotedCharacters = 200

    private let caller: HTTPCaller
    private let retries: RetryPolicy
    private let timeout: Duration

    init(_ caller: HTTPCaller, _ environment: AWSEnvironment, timeout: Duration = CredentialHTTP.timeout) {
        self.caller = caller
        self.timeout = timeout
        retries = RetryPolicy(
            maxRetries: 2, baseDelay: .milliseconds(100), maxDelay: .seconds(1), random: environment.random,
            sleep: environment.sleep)
    }

    /// - Returns: The body of an answer that is a success.
    func send(
        _ method: HTTPMethod, _ url: String, headers: [(String, String)] = [], body: String? = nil
    ) async throws(CallFailure) -> ByteBuffer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = HTTPHeaders(headers)
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        return try await retries.run { () async throws(CallFailure) in
            let answer = try await caller.send(request, within: timeout, upTo: Self.maxAnswerBytes)
            guard (200..<300).contains(answer.status) else { throw Self.failure(answer) }
            return answer.body
        }
    }

    private static func failure(_ answer: HTTPAnswer) -> CallFailure {
        let isTransient = answer.status == 429 || answer.status >= 500
        let error = XMLElement.parse(answer.body)?["Error"]
        let words = error.map { "\($0["Code"]?.text ?? ""): \($0["Message"]?.text ?? "")" } ?? answer.text
        let quoted = words.prefix(maxQuotedCharacters).replacing("\n", with: " ")
        return CallFailure(
            .notAuthorized, "the server answers \(answer.status)" + (quoted.isEmpty ? "" : ": \(quoted)"),
            isTransient: isTransient, status: answer.status)
    }
}

/// A token that somebody else keeps fresh in a file.
enum TokenFile {
    static func read(_ path: String, _ source: String) async throws(CredentialError) -> String {
        do {
            let text = try await NIOThreadPool.singleton.runIfActive {
                try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
            }
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw CredentialError(
                source: source, reason: "the token file \(path) can't be read: \(error.localizedDescription)")
        }
    }
}

/// Credentials as containers' agents and instance metadata give them.
struct CredentialDocument: Decodable {
    var AccessKeyId: String?
    var SecretAccessKey: String?
    var Token: String?
    var Expiration: String?
    /// Of instance metadata, `Success` or else.
    var Code: String?

    static func read(_ bytes: ByteBuffer, _ source: String) throws(CredentialError) -> AWSCredentials {
        guard let document = try? JSONDecoder().decode(CredentialDocument.self, from: bytes) else {
            throw CredentialError(source: source, reason: "the answer holds no credentials")
        }
        if let code = document.Code, code != "Success" {
            throw CredentialError(source: source, reason: "the answer's code is \(code.prefix(100))")
        }
        return try AWSCredentials(
            source, document.AccessKeyId, document.SecretAccessKey, document.Token, document.Expiration)
    }
}

extension AWSCredentials {
    /// Those that AWS gives for a time, all of whose parts are needed.
    init(
        _ source: String, _ accessKey: String?, _ secretKey: String?, _ token: String?, _ expiration: String?
    ) throws(CredentialError) {
        guard let accessKey, let secretKey, let token, let end = expiration.flatMap({ UTCTime($0) }) else {
            throw CredentialError(
                source: source,
                reason:
                    "the answer lacks a key, the token, or the time of expiration as \"2013-05-24T00:00:00Z\""
            )
        }
        self.init(
            accessKey: accessKey, secretKey: secretKey, sessionToken: token, expiration: Double(end.seconds))
    }
}
