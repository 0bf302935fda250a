import Access
import ClusterCore
import NIOCore

// Who sends the commands, and whether they may.

extension RESPSession {
    mutating func check(
        _ command: RESPCommand, _ description: RESPCommandDescription, _ parser: RESPParser
    ) throws(RESPCommandError) {
        let keys = description.keyCount(parser.count)
        do throws(RequestError) {
            try caller.check(command.operation, bucket: bucket, count: keys)
        } catch {
            switch error.code {
            case .unauthenticated: throw .coded("NOAUTH", "Authentication required.")
            case .permissionDenied:
                let subcommand = command == .config ? "|" + parser.lowercased(1) : ""
                let name = command.rawValue + subcommand
                throw .coded("NOPERM", "this user has no permissions to run the '\(name)' command")
            default: throw .coded(error.retryCode, "\(error.code.reason): \(error.message)")
            }
        }
    }

    /// `AUTH user password`, or `AUTH` with what `Credential.init(redisUser:_:)` makes something of.
    func authenticate(_ parser: RESPParser) throws(RESPCommandError) -> RESPPlan {
        guard parser.count <= 3 else { throw .syntax }
        guard caller.knowsUsers else { throw Self.noPassword }
        let credential =
            parser.count == 2
            ? Credential(parser.bytes(1))
            : Credential(redisUser: parser.text(1, limit: Self.maxUserBytes), parser.bytes(2))
        return .authenticate(credential, RESPGreeting())
    }

    mutating func hello(_ parser: RESPParser) throws(RESPCommandError) -> RESPPlan {
        var version = version
        if parser.count > 1 {
            guard let number = RESPNumber.parse(parser.argument(1)) else {
                throw .other("Protocol version is not an integer or out of range")
            }
            guard let known = RESPWriter.Version(rawValue: number) else {
                throw .coded("NOPROTO", "unsupported protocol version")
            }
            version = known
        }
        let (name, credential) = try helloOptions(parser)
        let greeting = RESPGreeting(reply: helloReply(version), version: version, name: name)
        if let credential { return .authenticate(credential, greeting) }
        do throws(RequestError) {
            // What the reply tells.
            try caller.checkIsKnown(for: .describe)
        } catch {
            throw .coded(
                "NOAUTH",
                "HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> "
                    + "option can be used to authenticate the client and select the RESP protocol version at the same time"
            )
        }
        take(greeting)
        return .speak(version, greeting.reply)
    }

    private func helloOptions(
        _ parser: RESPParser
    ) throws(RESPCommandError) -> (name: [UInt8]?, credential: Credential?) {
        var (name, credential): ([UInt8]?, Credential?)
        var index = 2
        while index < parser.count {
            switch parser.lowercased(index) {
            case "setname" where index + 1 < parser.count:
                name = try Self.clientName(parser, index + 1)
                index += 2
            case "auth" where index + 2 < parser.count:
                guard caller.knowsUsers else { throw Self.noPassword }
                let user = parser.text(index + 1, limit: Self.maxUserBytes)
                credential = Credential(redisUser: user, parser.bytes(index + 2))
                index += 3
            default: throw .other("Syntax error in HELLO option '\(parser.text(index))'")
            }
        }
        return (name, credential)
    }

    private func helloReply(_ version: RESPWriter.Version) -> RESPReply {
        .map([
            (.bulk("server"), .bulk("kvnode")), (.bulk("version"), .bulk(ServerCommands.redisVersion)),
            (.bulk("proto"), .integer(version.rawValue)), (.bulk("id"), .integer(id)),
            (.bulk("mode"), .bulk("standalone")), (.bulk("role"), .bulk("master")),
            (.bulk("modules"), .array([])),
        ])
    }

    /// What was found out of a client that has said who it is.
    ///
    /// - Returns: The reply, and the version in which it and all that follow are written, if that changes.
    mutating func answer(
        _ result: AuthenticationResult, _ greeting: RESPGreeting
    ) -> (reply: RESPReply, version: RESPWriter.Version?) {
        switch result {
        case .known(let login):
            caller.logIn(login)
            take(greeting)
            return (greeting.reply, greeting.version)
        // Whoever was known before stays so.
        case .unknown:
            return (.error("invalid username-password pair or user is disabled.", code: "WRONGPASS"), nil)
        case .overloaded:
            return (.error("overloaded: the node is looking at too many passwords", code: "OVERLOADED"), nil)
        }
    }

    /// Longer than any user's name: what is cut off there is no user's.
    private static let maxUserBytes = 128

    private static let noPassword = RESPCommandError.other(
        "AUTH <password> called without any password configured for the default user. "
            + "Are you sure your configuration is correct?")
}
