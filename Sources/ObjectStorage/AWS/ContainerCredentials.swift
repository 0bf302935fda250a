import Foundation
import NIOCore
import NIOHTTP1

/// What an agent beside the container gives: EKS Pod Identity (`AWS_CONTAINER_CREDENTIALS_FULL_URI`) and ECS
/// (`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`).
///
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
struct ContainerCredentials: CredentialProvider {
    private static let source = "container"
    /// Where plain HTTP goes no further than this machine: the agents' addresses, besides loopback.
    private static let agents: Set<String> = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]
    private let environment: AWSEnvironment
    private let http: CredentialHTTP

    init(_ environment: AWSEnvironment, _ http: CredentialHTTP) {
        self.environment = environment
        self.http = http
    }

    func credentials() async throws(CredentialError) -> AWSCredentials {
        let (url, host) = try address
        let token = try await token
        let answer: ByteBuffer
        do throws(CallFailure) {
            answer = try await http.send(.GET, url, headers: token.map { [("Authorization", $0)] } ?? [])
        } catch {
            // The path names the task's credentials to all who can reach the agent.
            throw self.error("the agent at \(host) gives none: \(error.reason)")
        }
        return try CredentialDocument.read(answer, Self.source)
    }

    private var address: (url: String, host: String) {
        get throws(CredentialError) {
            if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
                return ("http://169.254.170.2\(path)", "169.254.170.2")
            }
            guard let text = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] else {
                throw CredentialError(
                    source: Self.source,
                    reason: "AWS_CONTAINER_CREDENTIALS_FULL_URI and _RELATIVE_URI are not set", isUnset: true)
            }
            guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty else {
                throw error("AWS_CONTAINER_CREDENTIALS_FULL_URI is no address")
            }
            guard url.scheme == "https" || (url.scheme == "http" && Self.isNear(host)) else {
                throw error(
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI must be of https, or of http on this machine, not of \(host)"
                )
            }
            return (text, host)
        }
    }

    static func isNear(_ host: String) -> Bool {
        let host = host.trimmingCharacters(in: ["[", "]"])
        return agents.contains(host) || host == "localhost" || host == "::1" || isLoopback(host)
    }

    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// What the agent asks for; read anew each time, since the file's changes.
    private var token: String? {
        get async throws(CredentialError) {
            if let file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] {
                return try await TokenFile.read(file, Self.source)
            }
            return environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        }
    }

    private func error(_ reason: String) -> CredentialError {
        CredentialError(source: Self.source, reason: reason)
    }
}
