import API
import Access
import ArgumentParser
import Credentials
import TextAPI

struct UserListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the users.",
        discussion: """
            Example: kvnode user list --users-file users.yaml

            \(ExitCode.userDiscussion)
            """)

    @OptionGroup var file: UsersFileOptions

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func run() throws {
        let users = try file.run { try $0.read() }.map(ShownUser.init)
        try Output.standardOutput.print(json ? try JSONText.encode(users) : Self.table(users))
    }

    private static func table(_ users: [ShownUser]) -> String {
        let rows = users.map { user in
            [
                user.name, user.hasPassword ? "yes" : "no", "\(user.tokens.count)",
                user.grants.joined(separator: " "),
            ]
        }
        return TextTable(["user", "password", "tokens", "grants"], rows).text
    }
}

struct UserShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what a user may do, and by what it is known. No secret is shown.",
        discussion: """
            Example: kvnode user show shop --users-file users.yaml

            \(ExitCode.userDiscussion)
            """)

    @OptionGroup var user: UserNameArgument
    @OptionGroup var file: UsersFileOptions

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func run() throws {
        let users = try file.run { try $0.read() }
        let shown = ShownUser(users[try users.place(of: user.name)])
        try Output.standardOutput.print(json ? try JSONText.encode(shown) : shown.text)
    }
}

struct UserRulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Print what each method of each protocol needs of its user.",
        discussion: """
            "anybody" needs no user and "user" any; "read", "write" and "admin" are the role that the user needs in the bucket, \
            "admin:*" the role in all buckets.

            Example: kvnode user rules

            \(ExitCode.userDiscussion)
            """)

    @Flag(name: .long, help: "Print JSON: a list of objects.")
    var json = false

    func run() throws {
        let rules = (GRPCRules.all + TextRules.http + TextRules.resp).map(ShownRule.init)
        try Output.standardOutput.print(
            json
                ? try JSONText.encode(rules)
                : TextTable(
                    ["protocol", "method", "needs"], rules.map { [$0.protocolName, $0.method, $0.needs] }
                )
                .text)
    }
}

/// A user without its secrets.
struct ShownUser: Encodable {
    var name: String
    var grants: [String]
    var hasPassword: Bool
    var tokens: [String]
    var operationsPerSecond: Int?
    var burst: Int?

    enum CodingKeys: String, CodingKey {
        case name, grants, tokens, burst
        case hasPassword = "has_password"
        case operationsPerSecond = "operations_per_second"
    }

    init(_ user: User) {
        name = user.name
        grants = user.grants.map(\.description)
        hasPassword = user.password != nil
        tokens = user.tokens.map(\.name)
        operationsPerSecond = user.limit?.operationsPerSecond
        burst = user.limit?.burst
    }

    var text: String {
        """
        \(name)
          grants    \(grants.isEmpty ? "none" : grants.joined(separator: " "))
          password  \(hasPassword ? "yes" : "no")
          tokens    \(tokens.isEmpty ? "none" : tokens.joined(separator: " "))
          limit     \(operationsPerSecond.map { "\($0) operations a second, \(burst ?? $0) at once" } ?? "none")

        """
    }
}

/// A rule of access, as it is printed.
struct ShownRule: Encodable {
    var protocolName: String
    var method: String
    var operation: String
    var needs: String

    enum CodingKeys: String, CodingKey {
        case method, operation, needs
        case protocolName = "protocol"
    }

    init(_ rule: AccessRule) {
        protocolName = rule.clientProtocol.rawValue
        method = rule.method
        operation = rule.operation.rawValue
        needs =
            switch rule.operation.requirement {
            case .nothing: "anybody"
            case .user: "user"
            case .bucket(let permission): permission.role
            case .node(let permission): permission.role + ":*"
            }
    }
}
