import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import ObjectStorage

/// Providers of credentials, with a server that plays theirs.
@Suite(.timeLimit(.minutes(1))) struct CredentialTests {
    private static let expiration = "2013-05-24T01:00:00Z"
    private static let document = """
        {"Code":"Success","AccessKeyId":"ASIA1","SecretAccessKey":"s1","Token":"t1","Expiration":"\(expiration)"}
        """
    private static let given = AWSCredentials(
        accessKey: "ASIA1", secretKey: "s1", sessionToken: "t1", expiration: Bench.start + 3_600)

    private let bench = Bench()

    /// What the standard chain gives, with these variables.
    private func credentials(_ variables: [String: String]) async throws -> AWSCredentials {
        let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        let result: Result<AWSCredentials, CredentialError>
        do throws(CredentialError) {
            result = .success(
                try await CredentialChain.standard(bench.environment(variables), client).credentials())
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        return try result.get()
    }

    private func failure(_ variables: [String: String]) async -> String {
        let error = await #expect(throws: CredentialError.self) { try await credentials(variables) }
        return error?.description ?? ""
    }

    private func withTokenFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        try await withFolder { folder in
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/token"))
            try await body("\(folder)/token")
        }
    }

    // MARK: Environment

    @Test func `The environment comes first`() async throws {
        let found = try await credentials([
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
        ])
        #expect(found == AWSCredentials(accessKey: "a", secretKey: "s", sessionToken: "t"))
    }

    @Test func `Half of a pair of keys is an error`() async {
        #expect(await failure(["AWS_ACCESS_KEY_ID": "a"]).contains("set without AWS_SECRET_ACCESS_KEY"))
        let other = await failure(["AWS_SECRET_ACCESS_KEY": "hidden"])
        #expect(other.contains("set without AWS_ACCESS_KEY_ID"))
        #expect(!other.contains("hidden"))
    }

    @Test func `What each provider lacked is told`() async {
        #expect(
            await failure(["AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": ""])
                == "none were found: environment: AWS_ACCESS_KEY_ID is not set; "
                + "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; "
                + "container: AWS_CONTAINER_CREDENTIALS_FULL_URI and _RELATIVE_URI are not set; "
                + "instance metadata: AWS_EC2_METADATA_DISABLED is set")
    }

    // MARK: Web identity

    private func variables(_ server: ScriptedServer, _ file: String) -> [String: String] {
        [
            "AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
            "AWS_ENDPOINT_URL_STS": server.address,
        ]
    }

    @Test func `A token's role is assumed`() async throws {
        try await withTokenFile("web&token\n") { file in
            try await ScriptedServer.with { _ in
                .text(
                    200,
                    """
                    <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                    <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>
                    <SecretAccessKey>s1</SecretAccessKey><SessionToken>t1</SessionToken>
                    <Expiration>\(Self.expiration)</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
                    </AssumeRoleWithWebIdentityResponse>
                    """)
            } _: { server in
                #expect(try await credentials(variables(server, file)) == Self.given)
                let request = try #require(server.received.first)
                #expect(request.method == "POST")
                #expect(
                    Received.fields(request.text) == [
                        "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15",
                        "RoleArn": "arn:aws:iam::1:role/x", "RoleSessionName": "kvnode",
                        "WebIdentityToken": "web&token",
                    ])
            }
        }
    }

    @Test func `A role that is refused is told, and no other provider is asked`() async throws {
        try await withTokenFile("web-token") { file in
            try await ScriptedServer.with { _ in
                .text(
                    403,
                    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized</Message></Error></ErrorResponse>"
                )
            } _: { server in
                let text = await failure(variables(server, file))
                #expect(text.contains("role/x can't be assumed"))
                #expect(text.hasSuffix("the server answers 403: AccessDenied: Not authorized"))
                #expect(!text.contains("web-token"))
                #expect(!text.contains("instance metadata"))
                #expect(server.received.count == 1)
            }
        }
    }

    @Test func `Web identity needs a role, a region and a file`() async {
        let file = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere"]
        #expect(await failure(file).contains("set without AWS_ROLE_ARN"))
        #expect(
            await failure(file.merging(["AWS_ROLE_ARN": "r"]) { $1 }).contains(
                "the token file /nowhere can't be read"))
    }

    // MARK: Container

    @Test func `An agent is asked with the token of a file, which may change`() async throws {
        try await withTokenFile("pod-token") { file in
            try await ScriptedServer.with { _ in
                .text(200, Self.document)
            } _: { server in
                let variables = [
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.address)/v1/credentials?x=1",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "not this one",
                ]
                #expect(try await credentials(variables) == Self.given)
                try Data("new-token".utf8).write(to: URL(fileURLWithPath: file))
                #expect(try await credentials(variables) == Self.given)
                #expect(server.received.map(\.path) == ["/v1/credentials", "/v1/credentials"])
                #expect(server.received.map { $0.headers["authorization"] } == ["pod-token", "new-token"])
            }
        }
    }

    @Test func `An agent is asked with the token of the environment, and again when it fails`() async throws {
        let count = Counter()
        try await ScriptedServer.with { _ in
            count.next() < 2 ? .answer(500) : .text(200, Self.document)
        } _: { server in
            let found = try await credentials([
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.address,
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "x",
            ])
            #expect(found == Self.given)
            #expect(server.received.map { $0.headers["authorization"] } == ["x", "x", "x"])
            #expect(bench.pauses == [.milliseconds(50), .milliseconds(100)])
        }
    }

    @Test(arguments: [
        ("http://example.com/", "must be of https"), ("http://127.1.evil.com/", "must be of https"),
        ("ftp://127.0.0.1/", "must be of https"), ("nowhere", "is no address"),
    ])
    func `Where an agent can't be`(_ address: String, _ fault: String) async {
        #expect(await failure(["AWS_CONTAINER_CREDENTIALS_FULL_URI": address]).contains(fault))
    }

    @Test func `Plain HTTP goes to agents and this machine alone`() {
        for host in [
            "127.0.0.1", "127.9.9.9", "localhost", "[::1]", "169.254.170.2", "169.254.170.23",
            "[fd00:ec2::23]",
        ] {
            #expect(ContainerCredentials.isNear(host))
        }
        for host in ["169.254.169.254", "10.0.0.1", "128.0.0.1", "127.0.0", "127.0.0.1.example.com"] {
            #expect(!ContainerCredentials.isNear(host))
        }
    }

    @Test(arguments: ["", "{}", "[1]", "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"hidden\"}"])
    func `Answers that hold no credentials`(_ answer: String) async throws {
        try await ScriptedServer.with { _ in
            .text(200, answer)
        } _: { server in
            let text = await failure(["AWS_CONTAINER_CREDENTIALS_FULL_URI": server.address])
            #expect(text.contains("container: the a"))
            #expect(!text.contains("hidden"))
        }
    }

    // MARK: Instance metadata

    private static let folder = "/latest/meta-data/iam/security-credentials/"

    private static func metadata(_ request: Received) -> Reply {
        switch (request.method, request.path) {
        case ("PUT", "/latest/api/token"): .text(200, "imds-token")
        case _ where request.headers["x-aws-ec2-metadata-token"] != "imds-token": .answer(401)
        case ("GET", folder): .text(200, "my-role")
        case ("GET", folder + "my-role"): .text(200, document)
        default: .answer(404)
        }
    }

    @Test func `The instance's role, with a token first`() async throws {
        try await ScriptedServer.with(Self.metadata) { server in
            let found = try await credentials(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "\(server.address)/"])
            #expect(found == Self.given)
            #expect(
                server.received.map(\.path) == ["/latest/api/token", Self.folder, "\(Self.folder)my-role"])
            #expect(server.received.first?.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "60")
        }
    }

    @Test func `An instance without a role`() async throws {
        try await ScriptedServer.with { request in
            request.path == Self.folder ? .answer(404) : Self.metadata(request)
        } _: { server in
            let text = await failure(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.address])
            #expect(
                text.contains(
                    "asked for the instance's role, \(server.address) gives none: the server answers 404"))
        }
    }

    @Test func `A code that is no success`() async throws {
        try await ScriptedServer.with { request in
            request.path == Self.folder + "my-role"
                ? .text(200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}")
                : Self.metadata(request)
        } _: { server in
            let text = await failure(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.address])
            #expect(text.contains("the answer's code is AssumeRoleUnauthorizedAccess"))
        }
    }

    @Test func `A server that never answers ends the search`() async throws {
        try await ScriptedServer.with { _ in
            .never
        } _: { server in
            let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
            let environment = bench.environment(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.address])
            let http = CredentialHTTP(HTTPCaller(client: client), environment, timeout: .milliseconds(100))
            let error = await #expect(throws: CredentialError.self) {
                try await InstanceCredentials(environment, http).credentials()
            }
            #expect(error?.reason.contains("no whole answer within 0.1 seconds") == true)
            try await client.shutdown()
        }
    }
}
