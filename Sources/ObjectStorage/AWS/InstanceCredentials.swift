import NIOCore
import NIOHTTP1

/// The role of the EC2 instance, by its metadata service, version 2.
///
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
struct InstanceCredentials: CredentialProvider {
    private static let source = "instance metadata"
    private static let folder = "/latest/meta-data/iam/security-credentials/"
    private let environment: AWSEnvironment
    private let http: CredentialHTTP

    init(_ environment: AWSEnvironment, _ http: CredentialHTTP) {
        self.environment = environment
        self.http = http
    }

    func credentials() async throws(CredentialError) -> AWSCredentials {
        if environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true" {
            throw CredentialError(
                source: Self.source, reason: "AWS_EC2_METADATA_DISABLED is set", isUnset: true)
        }
        let token = try await ask(
            "for a token", .PUT, "/latest/api/token", [("X-aws-ec2-metadata-token-ttl-seconds", "60")])
        let header = ("X-aws-ec2-metadata-token", String(buffer: token))
        let roles = try await ask("for the instance's role", .GET, Self.folder, [header])
        guard let role = String(buffer: roles).split(whereSeparator: \.isNewline).first else {
            throw CredentialError(source: Self.source, reason: "the instance has no role")
        }
        let path = Self.folder + PercentEncoding.encode(String(role))
        return try CredentialDocument.read(
            await ask("for the credentials of \(role)", .GET, path, [header]), Self.source)
    }

    /// AWS's tools, too, take another address from `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
    private func ask(
        _ what: String, _ method: HTTPMethod, _ path: String, _ headers: [(String, String)]
    ) async throws(CredentialError) -> ByteBuffer {
        var endpoint = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        if endpoint.hasSuffix("/") { endpoint.removeLast() }
        do throws(CallFailure) {
            return try await http.send(method, endpoint + path, headers: headers)
        } catch {
            throw CredentialError(
                source: Self.source, reason: "asked \(what), \(endpoint) gives none: \(error.reason)")
        }
    }
}
