import Crypto
import Foundation

/// A request as far as it is signed.
struct RequestToSign {
    var method: String
    /// Percent-encoded.
    var path: String
    /// Percent-encoded and sorted, as `PercentEncoding.query` makes it.
    var query: String
    /// All of these are signed; `host` and `x-amz-date` must be among them.
    var headers: [(name: String, value: String)]
    /// SHA-256 of the body, in hexadecimal digits.
    var payloadHash: String
}

/// AWS's Signature Version 4, in the header `Authorization`.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
struct SignatureV4 {
    private static let algorithm = "AWS4-HMAC-SHA256"

    var credentials: AWSCredentials
    var region: String
    var service = "s3"

    /// The header's value.
    func authorization(_ request: RequestToSign, at time: UTCTime) -> String {
        let text = stringToSign(request, at: time)
        let signature = Hashes.hex(Self.authenticate(text, signingKey(time)))
        return "\(Self.algorithm) Credential=\(credentials.accessKey)/\(scope(time)), "
            + "SignedHeaders=\(Self.signedHeaders(request)), Signature=\(signature)"
    }

    static func canonical(_ request: RequestToSign) -> String {
        let headers = canonicalHeaders(request).map { "\($0):\($1)\n" }.joined()
        return [
            request.method, request.path, request.query, headers, signedHeaders(request), request.payloadHash,
        ].joined(separator: "\n")
    }

    func stringToSign(_ request: RequestToSign, at time: UTCTime) -> String {
        let hash = Hashes.hex(Hashes.sha256(Self.canonical(request)))
        return [Self.algorithm, time.basic, scope(time), hash].joined(separator: "\n")
    }

    private func scope(_ time: UTCTime) -> String {
        "\(time.basic.prefix(8))/\(region)/\(service)/aws4_request"
    }

    private func signingKey(_ time: UTCTime) -> SymmetricKey {
        let start = SymmetricKey(data: Data("AWS4\(credentials.secretKey)".utf8))
        return [String(time.basic.prefix(8)), region, service, "aws4_request"].reduce(start) { key, part in
            SymmetricKey(data: Self.authenticate(part, key))
        }
    }

    private static func authenticate(_ text: String, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key)
    }

    private static func signedHeaders(_ request: RequestToSign) -> String {
        canonicalHeaders(request).map(\.name).joined(separator: ";")
    }

    /// Names in lower case and sorted; values with single spaces, those of one name together.
    private static func canonicalHeaders(_ request: RequestToSign) -> [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for header in request.headers {
            let words = header.value.split(separator: " ").joined(separator: " ")
            values[header.name.lowercased(), default: []].append(words)
        }
        return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.joined(separator: ",")) }
    }
}
