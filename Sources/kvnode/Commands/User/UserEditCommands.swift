import Access
import ArgumentParser
import Credentials

struct UserAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a user; makes the users file if there is none.",
        discussion: """
            Example: kvnode user add shop --grant 'write:carts' --users-file users.yaml

            \(ExitCode.userDiscussion)
            """)

    @OptionGroup var user: UserNameArgument
    @OptionGroup var rights: RightsOptions
    @OptionGroup var password: NewPasswordOptions

    @Flag(name: .long, help: "The user gets no password, and comes with tokens alone.")
    var noPassword = false

    @OptionGroup var file: UsersFileOptions

    func validate() throws {
        if noPassword, password.passwordFile != nil {
            throw ValidationError("--no-password and --password-file exclude each other")
        }
    }

    func run() throws {
        let hash = noPassword ? nil : try password.read(for: user.name)
        try file.run { store in
            try store.change { users in
                guard !users.contains(where: { $0.name == user.name }) else {
                    throw ValidationError("there is a user \(user.name) already; kvnode user set changes it")
                }
                users.append(
                    User(name: user.name, grants: rights.grants, password: hash, limit: rights.limit))
            }
        }
        try Output.standardOutput.print("\(user.name) is added\n")
    }
}

struct UserSetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change what a user may do, or how often.",
        discussion: """
            All grants are replaced by those that are given, if any are; so is the limit.

            Example: kvnode user set shop --grant 'read:*' --grant 'write:carts' --users-file users.yaml

            \(ExitCode.userDiscussion)
            """)

    @OptionGroup var user: UserNameArgument
    @OptionGroup var rights: RightsOptions

    @Flag(name: .long, help: "Take all grants away.")
    var noGrants = false

    @Flag(name: .long, help: "Take the limit away.")
    var noLimit = false

    @OptionGroup var file: UsersFileOptions

    func validate() throws {
        if noGrants, !rights.grant.isEmpty {
            throw ValidationError("--no-grants and --grant exclude each other")
        }
        if noLimit, rights.limit != nil {
            throw ValidationError("--no-limit and --operations-per-second exclude each other")
        }
        if !noGrants, !noLimit, rights.grant.isEmpty, rights.limit == nil {
            throw ValidationError("there is nothing to be changed: give --grant or --operations-per-second")
        }
    }

    func run() throws {
        try file.run { store in
            try store.change { users in
                let place = try users.place(of: user.name)
                if noGrants || !rights.grant.isEmpty { users[place].grants = rights.grants }
                if noLimit || rights.limit != nil { users[place].limit = rights.limit }
            }
        }
        try Output.standardOutput.print("\(user.name) is changed\n")
    }
}

struct UserPasswdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Give a user another password.",
        discussion: """
            Connections that were opened with the one before lose their rights.

            Example: kvnode user passwd shop --users-file users.yaml

            \(ExitCode.userDiscussion)
            """)

    @OptionGroup var user: UserNameArgument
    @OptionGroup var password: NewPasswordOptions
    @OptionGroup var file: UsersFileOptions

    func run() throws {
        // Nobody is asked for a password that has no user.
        _ = try file.run { try $0.read().place(of: user.name) }
        let hash = try password.read(for: user.name)
        try file.run { store in
            try store.change { users in
                let place = try users.place(of: user.name)
                users[place].password = hash
            }
        }
        try Output.standardOutput.print("\(user.name) has a new password\n")
    }
}

struct UserTokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make a token for a user, or revoke one.",
        discussion: """
            Prints the token, which is kept nowhere: only its hash is. It has the user's rights.

            Example: kvnode user token shop web --users-file users.yaml

            \(ExitCode.userDiscussion)
            """)

    @OptionGroup var user: UserNameArgument

    @Argument(help: "The token's name, by which it is revoked.")
    var token: String

    @Flag(name: .long, help: "Revoke it: connections that were opened with it lose their rights.")
    var revoke = false

    @OptionGroup var file: UsersFileOptions

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard Account.isName(token) else { throw ValidationError("a token's name is \(Account.nameRule)") }
    }

    func run() throws {
        let new = APIToken()
        try file.run { store in
            try store.change { users in
                let place = try users.place(of: user.name)
                let old = users[place].tokens.firstIndex { $0.name == token }
                switch (revoke, old) {
                case (true, let old?): users[place].tokens.remove(at: old)
                case (true, nil):
                    Output.standardError.write("kvnode: \(user.name) has no token \(token)\n")
                    throw ExitCode.notFound
                case (false, nil): users[place].tokens.append(User.Token(name: token, hash: new.hash))
                case (false, _?):
                    throw ValidationError("\(user.name) has a token \(token) already; revoke it first")
                }
            }
        }
        if json {
            var told = ["user": user.name, "name": token]
            if !revoke { told["token"] = new.text }
            return try Output.standardOutput.print(try JSONText.encode(told))
        }
        try Output.standardOutput.print(revoke ? "\(token) of \(user.name) is revoked\n" : new.text + "\n")
    }
}

struct UserRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a user: its open connections lose their rights.",
        discussion: """
            Example: kvnode user remove shop --users-file users.yaml

            \(ExitCode.userDiscussion)
            """)

    @OptionGroup var user: UserNameArgument
    @OptionGroup var file: UsersFileOptions

    func run() throws {
        try file.run { store in
            try store.change { users in
                let place = try users.place(of: user.name)
                users.remove(at: place)
            }
        }
        try Output.standardOutput.print("\(user.name) is removed\n")
    }
}
