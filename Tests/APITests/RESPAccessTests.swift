import Access
import Testing

@testable import TextAPI

@Suite("RESP: rights")
struct RESPAccessTests {
    /// With as many arguments as the command has at least.
    private static func line(_ command: RESPCommand) -> String {
        // What is no token waits until the test says whether it is right.
        if command == .auth { return "AUTH \(Credential.tokenPrefix)none\r\n" }
        let arguments = Array(repeating: "1", count: command.description.arity.lowerBound - 1)
        return ([command.rawValue] + arguments).joined(separator: " ") + "\r\n"
    }

    private static func code(_ reply: RESPReply) -> String? {
        if case .error(_, let code) = reply { code } else { nil }
    }

    /// Says who the client is.
    private func logIn(_ client: RawClient, _ role: Role) throws {
        guard let token = role.token else { return }
        try client.send("AUTH \(token)\r\n")
        let reply = try client.respReply()
        #expect(role.isUser ? reply == .ok : Self.code(reply) == "WRONGPASS")
    }

    @Test("every command, for every role")
    func matrix() async throws {
        let node = GuardedNode()
        try await withRESPServer({ $0.bucket = "b" }, access: node.access) { port, _, _ in
            for role in Role.allCases {
                for command in RESPCommand.allCases {
                    let client = try RawClient(port: port)
                    try logIn(client, role)
                    try client.send(Self.line(command))
                    let verdict: Verdict =
                        switch Self.code(try client.respReply()) {
                        case "NOAUTH": .unauthenticated
                        case "NOPERM": .denied
                        default: .allowed
                        }
                    // As in Redis: HELLO by itself is for those who have said who they are.
                    let requirement = command == .hello ? .user : command.operation.requirement
                    #expect(verdict == role.expects(requirement), "\(role) \(command)")
                }
            }
        }
    }

    @Test("what is no command is told so to anybody, as in Redis")
    func unknownCommands() async throws {
        try await withRESPServer(access: GuardedNode().access) { port, _, _ in
            let client = try RawClient(port: port)
            for line in ["NOTHING", "LPUSH l a", "GET"] {
                try client.send(line + "\r\n")
                #expect(Self.code(try client.respReply()) == "ERR")
            }
        }
    }

    @Test("AUTH by user and password, by token, and by the password of the user default")
    func waysIn() async throws {
        let node = GuardedNode()
        try await withRESPServer({ $0.bucket = "b" }, access: node.access) { port, _, _ in
            let cases: [(String, String?)] = [
                ("AUTH writer secret", nil), ("AUTH writer wrong", "WRONGPASS"),
                ("AUTH writer busy", "OVERLOADED"),
                ("AUTH nobody-known secret", "NOAUTH"), ("AUTH a b c", "ERR"),
            ]
            for (line, code) in cases {
                let client = try RawClient(port: port)
                try client.send(line + "\r\nGET k\r\n")
                if line.split(separator: " ").count < 4 {
                    await node.authenticator.releaseNext()
                }
                let replies = [try client.respReply(), try client.respReply()]
                if code == nil {
                    #expect(replies == [.ok, .null])
                } else if code == "NOAUTH" {
                    // The authenticator of these tests lets anybody in; but nobody of this name has rights.
                    #expect(replies[0] == .ok)
                    #expect(Self.code(replies[1]) == "NOAUTH")
                } else {
                    #expect(Self.code(replies[0]) == code, "\(line)")
                    #expect(Self.code(replies[1]) == "NOAUTH", "\(line)")
                }
            }
        }
    }

    @Test("a token is taken as the password of the user default, which clients send that were given no user")
    func tokens() async throws {
        let node = GuardedNode()
        try await withRESPServer({ $0.bucket = "b" }, access: node.access) { port, _, _ in
            let token = Role.reader.token!
            for line in ["AUTH \(token)", "AUTH default \(token)"] {
                let client = try RawClient(port: port)
                try client.send(line + "\r\nGET k\r\n")
                #expect(try client.respReply() == .ok)
                #expect(try client.respReply() == .null)
            }
            let client = try RawClient(port: port)
            try client.send("HELLO 2 AUTH default \(token)\r\nGET k\r\n")
            #expect(Self.code(try client.respReply()) == nil)
            #expect(try client.respReply() == .null)
        }
    }

    @Test("commands behind AUTH wait for it, and those before it don't mind")
    func order() async throws {
        let node = GuardedNode()
        try await withRESPServer({ $0.bucket = "b" }, access: node.access) { port, service, _ in
            let client = try RawClient(port: port)
            try logIn(client, .reader)
            try client.send("GET a\r\nSET a 1\r\nAUTH writer secret\r\nSET a 1\r\nGET a\r\nPING\r\n")
            await node.authenticator.nextHeld()
            #expect(try client.respReply() == .null)
            #expect(Self.code(try client.respReply()) == "NOPERM")
            #expect(service.submitted.count == 1)
            await node.authenticator.releaseNext()
            let replies = try (0..<4).map { _ in try client.respReply() }
            #expect(replies == [.ok, .ok, .bulk("1"), .simple("PONG")])
        }
    }

    @Test("HELLO with AUTH chooses the version only if it succeeds; RESET forgets who the client is")
    func hello() async throws {
        let node = GuardedNode()
        try await withRESPServer({ $0.bucket = "b" }, access: node.access) { port, _, _ in
            let client = try RawClient(port: port)
            func hello(_ password: String) async throws -> RESPReply {
                try client.send("HELLO 3 SETNAME me AUTH writer \(password)\r\n")
                await node.authenticator.releaseNext()
                return try client.respReply()
            }
            #expect(Self.code(try await hello("wrong")) == "WRONGPASS")
            try client.send("HELLO 3\r\n")
            #expect(Self.code(try client.respReply()) == "NOAUTH")
            guard case .map(let members) = try await hello("secret") else {
                Issue.record("HELLO was not answered with a map")
                return
            }
            #expect(members.contains { $0.0 == .bulk("proto") && $0.1 == .integer(3) })
            try client.send("CLIENT GETNAME\r\nRESET\r\nPING\r\n")
            #expect(try client.respReply() == .bulk("me"))
            #expect(try client.respReply() == .simple("RESET"))
            #expect(Self.code(try client.respReply()) == "NOAUTH")
        }
    }

    @Test("a user who is removed, or whose token is, has no rights on its open connections")
    func removal() async throws {
        let node = GuardedNode()
        try await withRESPServer({ $0.bucket = "b" }, access: node.access) { port, _, _ in
            let client = try RawClient(port: port)
            try logIn(client, .reader)
            try client.send("GET k\r\n")
            #expect(try client.respReply() == .null)
            let account = { (token: String) in
                Account(name: "reader", grants: [Grant("read:b")!], credentials: [Array(token.utf8)])
            }
            node.access.replace([account("another")])
            try client.send("GET k\r\n")
            #expect(Self.code(try client.respReply()) == "NOAUTH")
            node.access.replace([account(Role.reader.token!)])
            try client.send("GET k\r\n")
            #expect(try client.respReply() == .null)
        }
    }

    @Test("each key counts for a user's rate")
    func rate() async throws {
        let limits = [Role.reader: RateLimit(operationsPerSecond: 1, burst: 3)]
        let node = GuardedNode(limits: limits)
        try await withRESPServer({ $0.bucket = "b" }, access: node.access) { port, service, _ in
            let client = try RawClient(port: port)
            try logIn(client, .reader)
            try client.send("MGET a b\r\nGET c\r\nGET d\r\n")
            #expect(try client.respReply() == .array([.null, .null]))
            #expect(try client.respReply() == .null)
            #expect(Self.code(try client.respReply()) == "OVERLOADED")
            #expect(service.submitted.count == 3)
        }
    }

    @Test("a bucket's keys are its own, whichever bucket the connection began with")
    func chosenBucket() async throws {
        let node = GuardedNode()
        try await withRESPServer({ $0.bucket = "b" }, access: node.access) { port, _, _ in
            let client = try RawClient(port: port)
            try logIn(client, .reader)
            try client.send("KV.BUCKET bb\r\nGET k\r\nKV.BUCKET b\r\nGET k\r\n")
            #expect(try client.respReply() == .ok)
            #expect(Self.code(try client.respReply()) == "NOPERM")
            #expect(try client.respReply() == .ok)
            #expect(try client.respReply() == .null)
        }
    }
}
