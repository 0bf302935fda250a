import Access
import ArgumentParser
import Credentials

/// The name of a user.
struct UserNameArgument: ParsableArguments {
    @Argument(help: "The user's name.")
    var name: String

    func validate() throws {
        guard Account.isName(name) else { throw ValidationError("a user's name is \(Account.nameRule)") }
    }
}

/// What a user may do, and how often.
struct RightsOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "What the user may do, \(Grant.syntax); may come several times.", valueName: "role:bucket"))
    var grant: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp("Operations a second that are served of the user.", valueName: "count"))
    var operationsPerSecond: Int?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Operations at once, after a pause; as many as a second has by default.", valueName: "count"))
    var burst: Int?

    func validate() throws {
        for text in grant where Grant(text) == nil {
            throw ValidationError("\"\(text)\" is no grant: it is \(Grant.syntax)")
        }
        for number in [operationsPerSecond, burst].compactMap({ $0 })
        where !(1...RateLimit.maximum).contains(number) {
            throw ValidationError("a limit is an integer from 1 to \(RateLimit.maximum)")
        }
        if burst != nil, operationsPerSecond == nil {
            throw ValidationError("--burst goes with --operations-per-second")
        }
    }

    var grants: [Grant] { grant.compactMap { Grant($0) } }

    var limit: RateLimit? {
        operationsPerSecond.map { RateLimit(operationsPerSecond: $0, burst: burst ?? $0) }
    }
}

/// Where a new password comes from.
struct NewPasswordOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A file that holds the new password; \"-\" reads standard input. (environment: KVNODE_NEW_PASSWORD holds it)",
            valueName: "path"))
    var passwordFile: String?

    /// Hashes the password that was given, or else is asked for.
    func read(for user: String) throws -> PasswordHash {
        let password = try bytes(for: user)
        guard PasswordHash.lengths.contains(password.count) else {
            throw ValidationError(
                "a password has \(PasswordHash.lengths.lowerBound) to \(PasswordHash.lengths.upperBound) bytes, this one has \(password.count)"
            )
        }
        return try PasswordHash(hashing: password)
    }

    private func bytes(for user: String) throws -> [UInt8] {
        if let passwordFile { return try SecretInput.file(passwordFile) }
        if let password = SecretInput.variable(.newPassword) { return Array(password.utf8) }
        guard let password = SecretInput.prompt("New password of \(user): "),
            let again = SecretInput.prompt("Once more: ")
        else {
            throw ValidationError(
                "there is no terminal to ask for the password: give --password-file or \(ClientVariable.newPassword.rawValue)"
            )
        }
        guard password == again else { throw ValidationError("the two passwords are not the same") }
        return password
    }
}
