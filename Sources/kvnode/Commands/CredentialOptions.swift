import ArgumentParser
import Foundation
import GRPCCore

/// Who a client command is to the node.
struct CredentialOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The user; the password comes from --password-file, KVNODE_PASSWORD or a prompt. (environment: KVNODE_USER)",
            valueName: "name"))
    var user: String?

    @Option(
        name: .long,
        help: ArgumentHelp("A file that holds the password; \"-\" reads standard input.", valueName: "path"))
    var passwordFile: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A file that holds a token, instead of a user. (environment: KVNODE_TOKEN_FILE, or KVNODE_TOKEN for the token itself)",
            valueName: "path"))
    var tokenFile: String?

    func validate() throws {
        if tokenFile != nil, user != nil || passwordFile != nil {
            throw ValidationError("give --token-file or --user, not both")
        }
    }

    /// The value of the call's `authorization`; nil for nobody. What the command line says comes before the environment.
    func authorization() throws -> String? {
        if let tokenFile { return Self.bearer(try SecretInput.file(tokenFile)) }
        if let user { return try basic(user) }
        if let path = SecretInput.variable(.tokenFile) {
            return Self.bearer(try SecretInput.file(path))
        }
        if let token = SecretInput.variable(.token) { return Self.bearer(Array(token.utf8)) }
        if let user = SecretInput.variable(.user) { return try basic(user) }
        guard passwordFile == nil else { throw ValidationError("--password-file goes with --user") }
        return nil
    }

    private static func bearer(_ token: [UInt8]) -> String {
        "Bearer " + String(decoding: token, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func basic(_ user: String) throws -> String {
        let pair = Array(user.utf8) + [UInt8(ascii: ":")] + (try password(of: user))
        return "Basic " + Data(pair).base64EncodedString()
    }

    private func password(of user: String) throws -> [UInt8] {
        if let passwordFile { return try SecretInput.file(passwordFile) }
        if let password = SecretInput.variable(.password) { return Array(password.utf8) }
        guard let password = SecretInput.prompt("Password of \(user): ") else {
            throw ValidationError(
                "there is no terminal to ask for the password of \(user): give --password-file or \(ClientVariable.password.rawValue)"
            )
        }
        return password
    }
}

/// Has each call say who its client is.
struct AuthorizationInterceptor: ClientInterceptor {
    /// As `CredentialOptions.authorization` gives it.
    var value: String

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingClientRequest<Input>, context: ClientContext,
        next: (StreamingClientRequest<Input>, ClientContext) async throws -> StreamingClientResponse<Output>
    ) async throws -> StreamingClientResponse<Output> {
        var request = request
        request.metadata.replaceOrAddString(value, forKey: "authorization")
        return try await next(request, context)
    }
}
