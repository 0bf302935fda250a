import ArgumentParser

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Make and edit the users file of a node: who may use it, and for what.",
        discussion: """
            Passwords are asked for, or read from a file or from KVNODE_NEW_PASSWORD, and kept salted and hashed. Nodes read \
            the file again by themselves when it has changed.

            \(ExitCode.userDiscussion)
            """,
        subcommands: [
            UserAddCommand.self, UserSetCommand.self, UserPasswdCommand.self, UserTokenCommand.self,
            UserRemoveCommand.self, UserListCommand.self, UserShowCommand.self, UserRulesCommand.self,
        ])
}

extension ExitCode {
    static let userDiscussion = """
        Exit codes: 0 done, 1 the file can't be read or written, or is wrong, 2 there is no such user or token, 64 bad \
        arguments, 78 the configuration is not valid, 141 nobody reads the output any more.
        """
}
