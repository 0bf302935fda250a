import Access
import Dispatch
import Logging
import Synchronization
import Testing

@testable import Credentials

@Suite struct CredentialCheckTests {
    private static let cheap = PasswordHashTests.cheap

    /// Runs `body` with a check of these users, and ends its threads.
    private func withCheck(
        _ users: [User], _ change: (inout CredentialCheck.Limits) -> Void = { _ in },
        _ body: (CredentialCheck, AccessControl) async throws -> Void
    ) async throws {
        var limits = CredentialCheck.Limits()
        change(&limits)
        let check = CredentialCheck(limits: limits)
        let audit = AuditLog(
            logger: Logger(label: "test"), maxRefusalsPerSecond: 0, nanoseconds: { 0 })
        let access = AccessControl(authenticator: check, audit: audit, nanoseconds: { 0 })
        check.replace(users, in: access)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(check, access))
        } catch {
            outcome = .failure(error)
        }
        try await check.shutdown()
        try outcome.get()
    }

    /// Whose the credential is, and whether that was told at once.
    private func ask(_ check: CredentialCheck, _ credential: Credential) async -> String {
        let (result, time): (AuthenticationResult, String) = await withCheckedContinuation { continuation in
            let result = check.authenticate(credential) { continuation.resume(returning: ($0, "later")) }
            if let result { continuation.resume(returning: (result, "at once")) }
        }
        return switch result {
        case .known(let login): "\(login.user) \(time)"
        case .unknown: "unknown \(time)"
        case .overloaded: "overloaded \(time)"
        }
    }

    private func password(_ user: String, _ password: String) -> Credential {
        .password(user: user, Array(password.utf8))
    }

    private func user(_ name: String, _ password: String) throws -> User {
        User(name: name, password: try PasswordHash(hashing: Array(password.utf8), cost: Self.cheap))
    }

    @Test func passwordsAreHashedOnceAndThenRemembered() async throws {
        try await withCheck([try user("alice", "secret")]) { check, _ in
            #expect(await ask(check, password("alice", "secret")) == "alice later")
            #expect(await ask(check, password("alice", "secret")) == "alice at once")
            // Wrong ones are hashed each time, and so are those of users that there are not.
            for _ in 0..<2 {
                #expect(await ask(check, password("alice", "Secret")) == "unknown later")
                #expect(await ask(check, password("bob", "secret")) == "unknown later")
            }
            #expect(await ask(check, password("alice", "secret")) == "alice at once")
        }
    }

    @Test func userWithoutAPasswordCostsTheSame() async throws {
        try await withCheck([User(name: "robot")]) { check, _ in
            #expect(await ask(check, password("robot", "secret")) == "unknown later")
            // Zeros are what the decoy holds.
            #expect(await ask(check, password("robot", "\0")) == "unknown later")
        }
    }

    @Test func whatNobodyHasIsRefusedWithoutHashing() async throws {
        try await withCheck([try user("alice", "secret")]) { check, _ in
            for credential in [
                password("alice", ""), password("alice", String(repeating: "x", count: 1_025)),
                password("no name", "secret"), .token([]), .token([UInt8](repeating: 65, count: 1_000)),
                .token(Array("kvnode_wrong".utf8)),
            ] {
                #expect(await ask(check, credential) == "unknown at once")
            }
        }
    }

    @Test func tokens() async throws {
        let (token, other) = (APIToken(), APIToken())
        #expect(token.text != other.text && token.text.hasPrefix("kvnode_") && token.text.utf8.count == 50)
        var alice = User(name: "alice", tokens: [User.Token(name: "ci", hash: token.hash)])
        try await withCheck([alice]) { check, access in
            #expect(await ask(check, .token(Array(token.text.utf8))) == "alice at once")
            #expect(await ask(check, .token(Array(other.text.utf8))) == "unknown at once")
            // A hash that was stolen is no token.
            #expect(await ask(check, .token(token.hash)) == "unknown at once")
            alice.tokens = []
            check.replace([alice], in: access)
            #expect(await ask(check, .token(Array(token.text.utf8))) == "unknown at once")
        }
    }

    @Test func anotherPasswordTakesThePlaceOfTheOneBefore() async throws {
        try await withCheck([try user("alice", "old")]) { check, access in
            #expect(await ask(check, password("alice", "old")) == "alice later")
            check.replace([try user("alice", "new")], in: access)
            #expect(await ask(check, password("alice", "old")) == "unknown later")
            #expect(await ask(check, password("alice", "new")) == "alice later")
            check.replace([], in: access)
            #expect(await ask(check, password("alice", "new")) == "unknown later")
        }
    }

    /// The one thread is kept busy, so that what is asked for meanwhile has to wait.
    @Test func moreThanMayWaitAreRefusedAtOnce() async throws {
        let users = try ["a", "b", "c"].map { try user($0, "secret") }
        try await withCheck(users, { $0.maxPending = 2 }) { check, _ in
            let gate = DispatchSemaphore(value: 0)
            let (isBusy, begin) = AsyncStream.makeStream(of: Void.self)
            let busy = Task {
                try await check.run {
                    begin.yield()
                    gate.wait()
                }
            }
            for await _ in isBusy { break }
            let answers = Mutex<[String]>([])
            let (done, finish) = AsyncStream.makeStream(of: Void.self)
            // The same user and password from several connections is hashed once.
            for name in ["a", "a", "b", "b"] {
                let result = check.authenticate(password(name, "secret")) { result in
                    if case .known(let login) = result { answers.withLock { $0.append(login.user) } }
                    finish.yield()
                }
                #expect(result == nil)
            }
            guard case .overloaded? = check.authenticate(password("c", "secret"), { _ in }) else {
                Issue.record("a third password should not wait")
                return
            }
            gate.signal()
            try await busy.value
            var count = 0
            for await _ in done {
                count += 1
                if count == 4 { break }
            }
            #expect(answers.withLock { $0.sorted() } == ["a", "a", "b", "b"])
            #expect(await ask(check, password("c", "secret")) == "c later")
        }
    }
}

@Suite struct PasswordCacheTests {
    @Test func theOldestMakesRoom() throws {
        var cache = PasswordCache(limit: 3)
        let hash = try PasswordHash(hashing: [1], cost: PasswordHashTests.cheap)
        for number in 0..<10 as Range<UInt8> {
            cache.insert([number], hash, Login(user: "u\(number)", credential: hash.hash))
            cache.insert([number], hash, Login(user: "u\(number)", credential: hash.hash))
            #expect(cache.count == min(3, Int(number) + 1))
        }
        for number in 0..<10 as Range<UInt8> {
            #expect((cache.login([number], hash) != nil) == (number >= 7))
        }
    }

    @Test func anEntryIsOfOneHash() throws {
        var cache = PasswordCache(limit: 3)
        let hashes = try (0..<2).map { _ in try PasswordHash(hashing: [1], cost: PasswordHashTests.cheap) }
        cache.insert([0], hashes[0], Login(user: "u", credential: []))
        #expect(cache.login([0], hashes[0])?.user == "u")
        #expect(cache.login([0], hashes[1]) == nil)
    }

    @Test func noneIsKeptIfTheLimitIsZero() throws {
        var cache = PasswordCache(limit: 0)
        let hash = try PasswordHash(hashing: [1], cost: PasswordHashTests.cheap)
        cache.insert([0], hash, Login(user: "u", credential: []))
        #expect(cache.count == 0)
    }
}
