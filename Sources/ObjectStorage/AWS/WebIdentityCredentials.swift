import NIOCore
import NIOHTTP1

/// A role that a token allows to take on, such as that of a service account of Kubernetes (IRSA): `AWS_WEB_IDENTITY_TOKEN_FILE` and
/// `AWS_ROLE_ARN`.
///
/// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
struct WebIdentityCredentials: CredentialProvider {
    private static let source = "web identity"
    private let environment: AWSEnvironment
    private let http: CredentialHTTP

    init(_ environment: AWSEnvironment, _ http: CredentialHTTP) {
        self.environment = environment
        self.http = http
    }

    func credentials() async throws(CredentialError) -> AWSCredentials {
        guard let file = environment["AWS_WEB_IDENTITY_TOKEN_FILE"] else {
            throw CredentialError(
                source: Self.source, reason: "AWS_WEB_IDENTITY_TOKEN_FILE is not set", isUnset: true)
        }
        guard let role = environment["AWS_ROLE_ARN"] else {
            throw error("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN")
        }
        let token = try await TokenFile.read(file, Self.source)
        let form = PercentEncoding.query([
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", environment["AWS_ROLE_SESSION_NAME"] ?? "kvnode"),
            ("WebIdentityToken", token),
        ])
        let endpoint = try endpoint
        let answer: ByteBuffer
        do throws(CallFailure) {
            answer = try await http.send(
                .POST, endpoint, headers: [("Content-Type", "application/x-www-form-urlencoded")], body: form)
        } catch {
            throw self.error("\(role) can't be assumed at \(endpoint): \(error.reason)")
        }
        let result = XMLElement.parse(answer)?["AssumeRoleWithWebIdentityResult"]?["Credentials"]
        return try AWSCredentials(
            Self.source, result?["AccessKeyId"]?.text, result?["SecretAccessKey"]?.text,
            result?["SessionToken"]?.text, result?["Expiration"]?.text)
    }

    /// AWS's tools, too, take another address from `AWS_ENDPOINT_URL_STS`.
    private var endpoint: String {
        get throws(CredentialError) {
            if let endpoint = environment["AWS_ENDPOINT_URL_STS"] { return endpoint }
            guard let region = environment.region else {
                throw error("neither AWS_REGION nor AWS_DEFAULT_REGION is set")
            }
            return "https://sts.\(region).\(S3Address.domain(of: region))/"
        }
    }

    private func error(_ reason: String) -> CredentialError {
        CredentialError(source: Self.source, reason: reason)
    }
}
