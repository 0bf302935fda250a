import AsyncHTTPClient

/// Asks one provider after the other, as AWS's SDKs do.
///
/// What the environment names is used, or its failure told: a node whose role can't be assumed does not go on with the machine's.
public struct CredentialChain: CredentialProvider {
    private let providers: [any CredentialProvider]

    public init(_ providers: [any CredentialProvider]) { self.providers = providers }

    /// Environment, web identity (IRSA), container (EKS Pod Identity, ECS), instance metadata.
    ///
    /// - Parameter client: For the requests that they take. It must outlive the chain.
    public static func standard(_ environment: AWSEnvironment, _ client: HTTPClient) -> CredentialChain {
        let http = CredentialHTTP(HTTPCaller(client: client), environment)
        return CredentialChain([
            EnvironmentCredentials(environment), WebIdentityCredentials(environment, http),
            ContainerCredentials(environment, http), InstanceCredentials(environment, http),
        ])
    }

    /// - Throws: The error of the first provider that should have had some, after what the others lacked.
    public func credentials() async throws(CredentialError) -> AWSCredentials {
        var failures: [CredentialError] = []
        for provider in providers {
            do throws(CredentialError) {
                return try await provider.credentials()
            } catch {
                failures.append(error)
                if !error.isUnset { break }
            }
        }
        throw CredentialError(
            source: "none were found", reason: failures.map(\.description).joined(separator: "; "),
            isUnset: failures.allSatisfy(\.isUnset))
    }
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for credentials of a time, `AWS_SESSION_TOKEN`.
struct EnvironmentCredentials: CredentialProvider {
    private static let source = "environment"
    private let environment: AWSEnvironment

    init(_ environment: AWSEnvironment) { self.environment = environment }

    func credentials() async throws(CredentialError) -> AWSCredentials {
        switch (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]) {
        case (let access?, let secret?):
            return AWSCredentials(
                accessKey: access, secretKey: secret, sessionToken: environment["AWS_SESSION_TOKEN"])
        case (nil, nil):
            throw CredentialError(
                source: Self.source, reason: "AWS_ACCESS_KEY_ID is not set", isUnset: true)
        case (nil, _):
            throw CredentialError(
                source: Self.source, reason: "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID")
        case (_, nil):
            throw CredentialError(
                source: Self.source, reason: "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY")
        }
    }
}
