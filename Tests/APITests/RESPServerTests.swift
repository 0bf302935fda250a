import Cluster
import ClusterCore
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import TextAPI

@Suite struct RESPServerTests {
    /// Sends a line and expects these replies.
    private func expect(
        _ client: RawClient, _ sent: String, _ expected: RESPReply...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try client.send(sent + "\r\n")
        for reply in expected {
            #expect(try client.respReply() == reply, "\(sent)", sourceLocation: sourceLocation)
        }
    }

    // MARK: Commands

    @Test func strings() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            try expect(client, "GET k", .null)
            try expect(client, "SET k one", .ok)
            try expect(client, "get k", .bulk("one"))
            try expect(client, "SET k two", .ok)
            try expect(client, "STRLEN k", .integer(3))
            try expect(client, "GETSET k four", .bulk("two"))
            try expect(client, "EXISTS k k other", .integer(2))
            try expect(client, "MSET a 1 b 2 a 3", .ok)
            try expect(client, "MGET a none b", .array([.bulk("3"), .null, .bulk("2")]))
            try expect(client, "DEL a a none b", .integer(2))
            try expect(client, "GETDEL k", .bulk("four"))
            try expect(client, "GETDEL k", .null)
            try expect(client, "EXISTS k a b", .integer(0))
            try expect(client, "MSET a 1 b", .error("wrong number of arguments for 'mset' command"))
        }
    }

    @Test func optionsOfSet() async throws {
        try await withRESPServer { port, service, _ in
            let client = try RawClient(port: port)
            try expect(client, "SET k 1 XX", .null)
            try expect(client, "SET k 1 NX", .ok)
            try expect(client, "SET k 2 nx", .null)
            try expect(client, "SETNX k 2", .integer(0))
            try expect(client, "SETNX l 2", .integer(1))
            try expect(client, "SET k 3 XX GET", .bulk("1"))
            try expect(client, "SET k 4 NX GET", .bulk("3"))
            try expect(client, "SET m 5 NX GET", .null)
            try expect(client, "MGET k m", .array([.bulk("3"), .bulk("5")]))
            try expect(client, "SET k 7 NX XX", .error("syntax error"))
            try expect(client, "SET k 7 EX", .error("syntax error"))
            try expect(client, "SET k 7 EX 0", .error("invalid expire time in 'set' command"))
            try expect(client, "SET k 7 EX x", .error("value is not an integer or out of range"))
            for sent in ["SET k 6 EX 60", "SETEX k 60 6", "SET k 6 px 60000", "PSETEX k 60000 6"] {
                try expect(client, sent, .ok)
                guard case .put(let put)? = service.submitted.last else { throw RawClient.Closed() }
                #expect(put.expiry == .after(milliseconds: 60_000))
            }
        }
    }

    @Test func whatTheServerSaysOfItself() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            try expect(
                client, "CONFIG GET save appendonl?",
                .array([.bulk("appendonly"), .bulk("no"), .bulk("save"), .bulk("")]))
            try expect(client, "COMMAND COUNT", .integer(RESPCommand.allCases.count))
            let none = RESPReply.array([])
            let mset = RESPReply.array([
                .bulk("mset"), .integer(-3), .array([.simple("write"), .simple("denyoom")]), .integer(1),
                .integer(-1), .integer(2), none, none, none, none,
            ])
            try expect(client, "COMMAND INFO mset nope", .array([mset, .null]))
            let most = "COMMAND INFO" + String(repeating: " nope", count: 256)
            try expect(client, most, .array([RESPReply](repeating: .null, count: 256)))
            try expect(client, most + " nope", .error("at most 256 commands are told of at a time"))
            try expect(
                client, "INFO replication", .bulk("# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"))
            try expect(client, "INFO nothing", .bulk(""))
        }
    }

    @Test func timesToLive() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            let now = Int(FakeService.now)
            try expect(client, "TTL k", .integer(-2))
            try expect(client, "SET k 1", .ok)
            try expect(client, "TTL k", .integer(-1))
            try expect(client, "PEXPIRE k 1500", .integer(1))
            try expect(client, "PTTL k", .integer(1_500))
            try expect(client, "TTL k", .integer(2))
            try expect(client, "PEXPIRETIME k", .integer(now + 1_500))
            try expect(client, "APPEND k 23", .integer(3))
            try expect(client, "SET k 4 KEEPTTL", .ok)
            try expect(client, "PTTL k", .integer(1_500))
            try expect(client, "EXPIRE k 1 GT", .integer(0))
            try expect(client, "EXPIRE k 10 LT", .integer(0))
            try expect(client, "EXPIRE k 10 NX", .integer(0))
            try expect(client, "EXPIRE k 10 XX", .integer(1))
            try expect(client, "GETEX k PXAT \(now + 77)", .bulk("4"))
            try expect(client, "PTTL k", .integer(77))
            try expect(client, "PERSIST k", .integer(1))
            try expect(client, "PERSIST k", .integer(0))
            try expect(client, "GETEX k PERSIST", .bulk("4"))
            try expect(client, "EXPIREAT k \(now / 1_000)", .integer(1))
            try expect(client, "EXISTS k", .integer(0))
            try expect(client, "SET k 1 PXAT \(now - 1)", .ok)
            try expect(client, "TYPE k", .simple("none"))
            try expect(client, "PERSIST k", .integer(0))
        }
    }

    @Test func whereTheLastWriteWinsASetReadsNothing() async throws {
        try await withRESPServer { port, service, _ in
            var properties = BucketProperties()
            properties.policy = .lastWriteWins
            try await service.setProperties(properties, ofBucket: "default")
            let client = try RawClient(port: port)
            try expect(client, "SET k 1", .ok)
            #expect(service.submitted.count == 1)
            // What matters is read, there as well.
            try expect(client, "DEL none", .integer(0))
            #expect(service.submitted.count == 2)
        }
    }

    @Test func siblingsAreKeptForThoseWhoPassContexts() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            for value in ["x", "y"] {
                try client.send("KV.PUT k \"\" \(value)\r\n")
                _ = try client.respReply()
            }
            try client.send("KV.GET k\r\n")
            guard case .array(let reply) = try client.respReply(), case .bulk(let context) = reply[0] else {
                throw RawClient.Closed()
            }
            #expect(reply[1] == .array([.bulk("x"), .bulk("y")]))
            try expect(client, "GET k", .bulk("y"))
            var put = RESPWriter()
            put.write(.array([.bulk("KV.PUT"), .bulk("k"), .bulk(context), .bulk("z")]))
            try client.send(Array(buffer: put.buffer))
            guard case .bulk = try client.respReply() else { throw RawClient.Closed() }
            try client.send("KV.GET k\r\n")
            guard case .array(let merged) = try client.respReply() else { throw RawClient.Closed() }
            #expect(merged[1] == .array([.bulk("z")]))
            // What plain clients set replaces all that was there.
            try expect(client, "SET k w", .ok)
            try expect(client, "KV.BUCKET other", .ok)
            try expect(client, "KV.GET k", .array([.bulk(""), .array([])]))
            try client.send("KV.DEL k nonsense\r\n")
            guard case .error(let message, "ERR") = try client.respReply() else { throw RawClient.Closed() }
            #expect(message.hasPrefix("invalid_argument: "))
        }
    }

    @Test func theConnectionsOwnCommands() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            try expect(client, "PING", .simple("PONG"))
            try expect(client, "PING \"a b\"", .bulk("a b"))
            try expect(client, "PING a b", .error("wrong number of arguments for 'ping' command"))
            try expect(client, "ECHO hi", .bulk("hi"))
            try expect(client, "SELECT 0", .ok)
            try expect(client, "SELECT 1", .error("DB index is out of range"))
            try expect(client, "CLIENT ID", .integer(1))
            try expect(client, "CLIENT SETNAME me", .ok)
            try expect(client, "CLIENT GETNAME", .bulk("me"))
            try expect(client, "CLIENT SETINFO lib-name x", .ok)
            try expect(client, "HELLO 4", .error("unsupported protocol version", code: "NOPROTO"))
            try client.send("HELLO 3\r\n")
            guard case .map(let pairs) = try client.respReply() else { throw RawClient.Closed() }
            #expect(pairs.contains { $0 == (.bulk("proto"), .integer(3)) })
            try client.send("GET none\r\n")
            #expect(try client.text(3) == "_\r\n")
            try expect(client, "RESET", .simple("RESET"))
            try client.send("GET none\r\n")
            #expect(try client.text(5) == "$-1\r\n")
            try expect(client, "CLIENT GETNAME", .null)
            try expect(
                client, "NOPE a b", .error("unknown command 'NOPE', with args beginning with: 'a' 'b' "))
            try expect(
                client, "*1\r\n$5\r\n\u{0}PING", .error("unknown command ' PING', with args beginning with: ")
            )
            try expect(client, "GET", .error("wrong number of arguments for 'get' command"))
            try client.send("MULTI\r\n")
            guard case .error(let reason, "ERR") = try client.respReply() else { throw RawClient.Closed() }
            #expect(reason.hasPrefix("'multi' is not served: there are no transactions"))
            try expect(client, "QUIT", .ok)
            #expect(client.isClosed())
        }
    }

    @Test func aFailureOfTheStoreIsTold() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            let overloaded = RequestError.Code.overloaded.rawValue
            try expect(client, "GET fail-\(overloaded)", .error("overloaded: as asked", code: "OVERLOADED"))
            let unreached = RequestError.Code.quorumNotReached.rawValue
            try expect(
                client, "SET fail-\(unreached) v", .error("quorum_not_reached: as asked", code: "ERR"))
            try expect(
                client, "MGET k fail-\(unreached)", .error("quorum_not_reached: as asked", code: "ERR"))
        }
    }

    @Test func whatWasDoneInPartIsNotToBeTriedAgainBlindly() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            let code = RequestError.Code.overloaded.rawValue
            try expect(client, "MSET fail-\(code) 1", .error("overloaded: as asked", code: "OVERLOADED"))
            try expect(client, "MSET a 1 fail-\(code) 1", .error("overloaded: as asked", code: "ERR"))
        }
    }

    // MARK: Pipelines

    @Test func repliesKeepTheirOrder() async throws {
        try await withRESPServer { port, service, _ in
            let client = try RawClient(port: port)
            try client.send("GET hold1\r\nPING\r\nHELLO 3\r\nGET hold2\r\nPING 2\r\n")
            await service.held(2)
            service.release()
            #expect(try client.text(5) == "$-1\r\n", "of the version that was spoken before")
            #expect(try client.respReply() == .simple("PONG"))
            _ = try client.respReply()
            #expect(try client.text(3) == "_\r\n")
            #expect(try client.respReply() == .bulk("2"))
        }
    }

    /// A key's commands wait for those before them, and what comes behind waits with them.
    @Test func commandsOnAKeyAreServedOneAfterTheOther() async throws {
        try await withRESPServer { port, service, _ in
            let client = try RawClient(port: port)
            try client.send("SET hold 1\r\nGET hold\r\nGET hold\r\nDEL hold\r\nPING\r\n")
            // The read and the put of SET, both reads at once, and the read and the put of DEL.
            for (count, submitted) in [(1, 1), (1, 2), (2, 4), (1, 5), (1, 6)] {
                await service.held(count)
                #expect(service.submitted.count == submitted)
                service.release()
            }
            for reply in [RESPReply.ok, .bulk("1"), .bulk("1"), .integer(1), .simple("PONG")] {
                #expect(try client.respReply() == reply)
            }
        }
    }

    /// A command on all keys waits for those before it, and those behind it wait for that.
    @Test func commandsOnAllKeysAreServedByThemselves() async throws {
        try await withRESPServer { port, service, _ in
            let client = try RawClient(port: port)
            try client.send("INCR hold\r\nDBSIZE\r\nSADD hold2 x\r\nKEYS *\r\n")
            await service.held(1)
            #expect(service.submitted.count == 1)
            service.release()
            #expect(try client.respReply() == .integer(1))
            #expect(try client.respReply() == .integer(1), "the keys at that time")
            await service.held(1)
            #expect(service.submitted.count == 3)
            service.release()
            #expect(try client.respReply() == .integer(1))
            #expect(try client.respReply() == .array([.bulk("hold"), .bulk("hold2")]))
        }
    }

    @Test func countersSetsAndMaps() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            try expect(client, "INCRBY n 5", .integer(5))
            try expect(client, "INCRBYFLOAT n 0.5", .bulk("5.5"))
            try expect(client, "INCR n", .error("value is not an integer or out of range"))
            try expect(client, "SADD s b a b", .integer(2))
            try expect(client, "SMEMBERS s", .array([.bulk("a"), .bulk("b")]))
            try expect(client, "HSET h f 1 g 2", .integer(2))
            try expect(client, "HGETALL h", .array([.bulk("f"), .bulk("1"), .bulk("g"), .bulk("2")]))
            try expect(client, "GET s", .wrongType)
            try expect(client, "KV.GET h", .wrongType)
            try expect(client, "TYPE s", .simple("set"))
            try expect(client, "PEXPIRE s 1000", .integer(1))
            try expect(client, "PTTL s", .integer(1_000))
        }
    }

    /// The fake has three nodes and is the second.
    @Test func theMapOfSlots() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            try client.send("CLUSTER SLOTS\r\n")
            guard case .array(let shares) = try client.respReply() else { throw RawClient.Closed() }
            var next = 0
            for (share, name) in zip(shares, ["a", "b", "c"]) {
                guard case .array(let parts) = share, case .integer(let last) = parts[1],
                    case .array(let node) = parts[2]
                else { throw RawClient.Closed() }
                #expect(parts[0] == .integer(next) && node[0] == .bulk("\(name).example"))
                next = last + 1
            }
            #expect(shares.count == 3 && next == 16_384)
            try expect(client, "CLUSTER KEYSLOT {foo}bar", .integer(12182))
            try expect(
                client, "CLUSTER MYID x", .error("wrong number of arguments for 'cluster|myid' command"))
            try expect(client, "READONLY", .ok)
        }
    }

    @Test func noMoreCommandsAreUnderWayThanAllowed() async throws {
        try await withRESPServer({ $0.maxInFlight = 2 }) { port, service, _ in
            let client = try RawClient(port: port)
            try client.send("GET hold1\r\nGET hold2\r\nGET hold3\r\nGET hold4\r\n")
            await service.held(2)
            #expect(service.submitted.count == 2)
            service.release()
            await service.held(2)
            #expect(service.submitted.count == 4)
            service.release()
            for _ in 0..<4 { #expect(try client.respReply() == .null) }
        }
    }

    @Test func theKeysOfACommandAreServedByAndBy() async throws {
        try await withRESPServer({ $0.maxInFlight = 2 }) { port, service, _ in
            let client = try RawClient(port: port)
            try client.send("MGET hold1 hold2 hold3\r\n")
            await service.held(2)
            #expect(service.submitted.count == 2)
            service.release()
            await service.held(1)
            service.release()
            #expect(try client.respReply() == .array([.null, .null, .null]))
            let count = 10_000
            try client.send("MGET" + String(repeating: " k", count: count) + "\r\n")
            #expect(try client.respReply() == .array(Array(repeating: .null, count: count)))
        }
    }

    /// What is set after a failure would be set in vain.
    @Test func afterAFailureNoOtherKeyIsBegun() async throws {
        try await withRESPServer({ $0.maxInFlight = 1 }) { port, service, _ in
            let client = try RawClient(port: port)
            let code = RequestError.Code.quorumNotReached.rawValue
            try expect(client, "MGET a fail-\(code) b", .error("quorum_not_reached: as asked", code: "ERR"))
            #expect(service.submitted.count == 2)
        }
    }

    @Test func aLongPipelineIsAnswered() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            let value = String(repeating: "v", count: 10_000)
            try expect(client, "SET k \(value)", .ok)
            // 20 MB, which the client takes when all is sent.
            try client.send(String(repeating: "GET k\r\n", count: 2_000))
            for _ in 0..<2_000 { #expect(try client.respReply() == .bulk(value)) }
        }
    }

    // MARK: The connection's end

    @Test func aMistakeEndsTheConnectionBehindTheReplies() async throws {
        try await withRESPServer { port, service, _ in
            let client = try RawClient(port: port)
            try client.send("GET hold\r\n*1\r\nPING\r\n")
            await service.held(1)
            service.release()
            #expect(try client.respReply() == .null)
            #expect(try client.respReply() == .error("Protocol error: expected '$', got 'P'"))
            #expect(client.isClosed())
        }
    }

    @Test func aValueThatIsTooLongIsRefused() async throws {
        try await withRESPServer { port, _, _ in
            let client = try RawClient(port: port)
            try expect(
                client, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100001", .error("Protocol error: invalid bulk length")
            )
            #expect(client.isClosed())
        }
    }

    @Test func whoClosesItsSideGetsTheReplies() async throws {
        try await withRESPServer({ $0.maxInFlight = 1 }) { port, service, _ in
            let client = try RawClient(port: port)
            try client.send("GET hold1\r\nGET hold2\r\n")
            client.finishSending()
            for _ in 0..<2 {
                await service.held(1)
                service.release()
                #expect(try client.respReply() == .null)
            }
            #expect(client.isClosed())
        }
    }

    @Test func aStopFinishesWhatIsUnderWay() async throws {
        try await withRESPServer { port, service, server in
            let (client, idle) = (try RawClient(port: port), try RawClient(port: port))
            try expect(idle, "PING", .simple("PONG"))
            try client.send("GET hold\r\n")
            await service.held(1)
            server.beginGracefulShutdown()
            #expect(idle.isClosed())
            service.release()
            #expect(try client.respReply() == .null)
            #expect(client.isClosed())
        }
    }

    @Test func oneConnectionTooManyIsToldSo() async throws {
        try await withRESPServer({ $0.maxConnections = 1 }) { port, _, _ in
            let client = try RawClient(port: port)
            try expect(client, "PING", .simple("PONG"))
            let other = try RawClient(port: port)
            #expect(try other.respReply() == .error("max number of clients reached"))
            #expect(other.isClosed())
        }
    }

    @Test func anIdleConnectionIsClosed() async throws {
        try await withRESPServer({ $0.idleTimeout = .milliseconds(50) }) { port, _, _ in
            let client = try RawClient(port: port)
            #expect(client.isClosed())
        }
    }

    @Test("A connection on which a command is served is not idle, however long that takes")
    func aSlowStoreIsNotTheClients() async throws {
        try await withRESPServer({
            $0.idleTimeout = .milliseconds(150)
            $0.requestTimeout = .milliseconds(20)
        }) { port, service, _ in
            let client = try RawClient(port: port)
            // What follows can't begin before the first has ended: to wait for that is no delay of the client's.
            try client.send("SET hold 1\r\nGET hold\r\nGET ho")
            await service.held(1)
            #expect(!client.hearsSomething(within: 200))
            // Of what it replaces, and then the write.
            service.release()
            await service.held(1)
            service.release()
            #expect(try client.respReply() == .simple("OK"))
            await service.held(1)
            service.release()
            #expect(try client.respReply() == .bulk(Array("1".utf8)))
            // Now it is.
            #expect(try client.respReply() == .error("the rest of the command is late"))
        }
    }

    @Test(
        "A command that trickles in is ended at the deadline",
        arguments: ["*2\r\n$3\r\nGET\r\n$90000\r\n", "PING\r\nGET "])
    func trickle(beginning: String) async throws {
        try await withRESPServer({ $0.requestTimeout = .milliseconds(300) }) { port, _, _ in
            let client = try RawClient(port: port)
            try client.send(beginning)
            if beginning.hasPrefix("PING") { #expect(try client.respReply() == .simple("PONG")) }
            #expect(client.trickle(byte: "x"))
            #expect(try client.respReply() == .error("the rest of the command is late"))
            #expect(client.isClosed())
        }
    }

    @Test("Each command has its own time to come in")
    func manyPartialCommands() async throws {
        try await withRESPServer({ $0.requestTimeout = .seconds(4) }) { port, _, _ in
            let client = try RawClient(port: port)
            try client.send("PI")
            // No moment in which nothing is half there, for longer than one command may take.
            for _ in 0..<12 {
                #expect(!client.hearsSomething(within: 400))
                try client.send("NG\r\nPI")
                #expect(try client.respReply() == .simple("PONG"))
            }
        }
    }

    @Test("After a refusal nothing more of the connection begins while the pause lasts, and replies go on")
    func pause() async throws {
        // Longer than the test.
        try await withRESPServer({ $0.refusalPause = .seconds(86_400) }) { port, service, _ in
            let client = try RawClient(port: port)
            let other = try RawClient(port: port)
            let code = RequestError.Code.overloaded.rawValue
            try client.send("GET hold\r\nGET fail-\(code)\r\nGET behind\r\n")
            await service.held(1)
            try expect(other, "GET a", .null)
            service.release()
            #expect(try client.respReply() == .null)
            #expect(try client.respReply() == .error("overloaded: as asked", code: "OVERLOADED"))
            // It would have begun with the one that was refused.
            let behind = Array("behind".utf8)
            #expect(
                !service.submitted.contains {
                    if case .get(let get) = $0 { get.key == behind } else { false }
                })
        }
    }

    @Test("When the pause is over, what came meanwhile begins")
    func pauseEnds() async throws {
        let length = Duration.milliseconds(300)
        try await withRESPServer({ $0.refusalPause = length }) { port, _, _ in
            let client = try RawClient(port: port)
            let code = RequestError.Code.overloaded.rawValue
            let begun = ContinuousClock.now
            try client.send("GET fail-\(code)\r\nGET behind\r\n")
            #expect(try client.respReply() == .error("overloaded: as asked", code: "OVERLOADED"))
            #expect(try client.respReply() == .null)
            #expect(ContinuousClock.now - begun >= length)
        }
    }

    @Test("A client that takes nothing of its replies loses its place")
    func stalledReader() async throws {
        try await withRESPServer({
            $0.requestTimeout = .milliseconds(300)
            $0.maxConnections = 1
        }) { port, service, _ in
            // More than sockets have room for.
            let value = Sibling.Content.value([UInt8](repeating: 7, count: 32 << 20), contentType: "a/b")
            service.submit(
                .put(PutRequest(bucket: "default", key: Array("k".utf8), content: value)), from: .resp
            ) { _ in }
            let stalled = try RawClient(port: port)
            try stalled.send("GET k\r\n")
            #expect(try stalled.text(1) == "$")
            // Unread bytes keep the end from reaching the client, but its place is free again.
            for _ in 0..<6_000 {
                let other = try RawClient(port: port)
                try other.send("PING\r\n")
                if try other.respReply() == .simple("PONG") { return }
            }
            Issue.record("the client that takes nothing keeps its place")
        }
    }
}
