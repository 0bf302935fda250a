import Access
import Foundation
import Testing

@testable import Credentials

@Suite struct UsersFileTests {
    private static let hash = "$scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$" + String(repeating: "A", count: 43)
    private static let digest = String(repeating: "ab", count: 32)

    @Test func textAndBack() throws {
        let users = [
            User(
                name: "alice", grants: [Grant("write:carts*")!, Grant("read:\"quoted\\ \u{e9}\n*")!],
                password: PasswordHash(Self.hash),
                tokens: [User.Token(name: "ci", hash: [UInt8](repeating: 0x0f, count: 32))],
                limit: RateLimit(operationsPerSecond: 1_000, burst: 20)),
            User(name: "bob"),
        ]
        #expect(try UsersFile.parse(UsersFile.text(of: users.reversed())) == users)
        #expect(try UsersFile.parse(UsersFile.text(of: [])) == [])
    }

    @Test func burstIsAsManyAsASecondHas() throws {
        let users = try UsersFile.parse("users: [{name: a, operations_per_second: 50}]")
        #expect(users[0].limit == RateLimit(operationsPerSecond: 50, burst: 50))
    }

    @Test(arguments: [
        ("", "not a mapping with the key users"), ("- a", "not a mapping"),
        ("user: []", "line 1: only the key users"),
        ("users: {a: b}", "users is a list"), ("users: [a]", "a user is a mapping"),
        ("users: [{name: a}, {name: a}]", "two users named a"),
        ("users: [{grants: []}]", "a user has no name"),
        ("users: [{name: 'a b'}]", "a user's name is 1 to 64"),
        ("users:\n  - name: a\n    grant: ['read:*']", "line 3: a user has the keys name, grants"),
        ("users: [{name: a, grants: ['own:*']}]", "a grant is role:bucket"),
        ("users: [{name: a, grants: 'read:*'}]", "grants is a list"),
        ("users: [{name: a, operations_per_second: 0}]", "operations_per_second is an integer from 1"),
        ("users: [{name: a, burst: 5}]", "burst goes with operations_per_second"),
        ("users: [{name: a, tokens: [{name: t}]}]", "a token has the keys name and sha256"),
        ("users: [{name: a, tokens: [{name: t, sha256: abcd}]}]", "64 hexadecimal digits"),
        (
            "users: [{name: a, tokens: [{name: t, sha256: \(Self.digest)}, {name: u, sha256: \(Self.digest)}]}]",
            "is there twice"
        ),
        ("users: [", "not valid YAML"),
    ])
    func whatIsWrongIsNamed(text: String, expected: String) {
        #expect {
            try UsersFile.parse(text)
        } throws: { "\($0)".contains(expected) }
    }

    /// A secret in the wrong place is not told to the log.
    @Test(arguments: [
        "users: [{name: a, password: hunter2}]", "users: [{name: a, password: [hunter2]}]",
        "users: [{name: a, tokens: [{name: t, sha256: hunter2}]}]", "users: [{name: a, tokens: hunter2}]",
        "users: [{name: a, password: \"hunter2]", "users: [{name: a, grants: [hunter2]}]",
    ])
    func noSecretIsInAnError(text: String) {
        #expect {
            try UsersFile.parse(text)
        } throws: { !"\($0)".contains("hunter2") }
    }
}

@Suite struct UsersFileStoreTests {
    /// Runs `body` with the path of a file in a folder of its own.
    private func withPath(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.appendingPathComponent("users.yaml").path)
    }

    @Test func aFileIsItsOwnersAlone() async throws {
        try await withPath { path in
            let store = UsersFileStore(path: path)
            #expect(try store.read() == [])
            try store.change { $0.append(User(name: "alice")) }
            try store.change { $0.append(User(name: "bob")) }
            #expect(try store.read().map(\.name) == ["alice", "bob"])
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test func whatThrowsChangesNothing() async throws {
        struct Stop: Error {}
        try await withPath { path in
            let store = UsersFileStore(path: path)
            try store.change { $0.append(User(name: "alice")) }
            #expect(throws: Stop.self) {
                try store.change { users in
                    users = []
                    throw Stop()
                }
            }
            try "users: [".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: UsersFileError.self) { try store.change { $0 = [] } }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "users: [")
        }
    }

    @Test func changesAtOnceAreAllKept() async throws {
        try await withPath { path in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try UsersFileStore(path: path).change { $0.append(User(name: "u\(number)")) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try UsersFileStore(path: path).read().count == 20)
        }
    }

    @Test func aLinkStaysOne() async throws {
        try await withPath { path in
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: path + ".real")
            try "users: [{name: a}]".write(toFile: path + ".real", atomically: true, encoding: .utf8)
            try UsersFileStore(path: path).change { $0.append(User(name: "b")) }
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == path + ".real")
            #expect(try UsersFileStore(path: path + ".real").read().map(\.name) == ["a", "b"])
        }
    }

    @Test func aWatchTellsOfEachChangeOnce() async throws {
        try await withPath { path in
            let store = UsersFileStore(path: path)
            var watch = UsersFileWatch(path: path)
            #expect(try watch.changed() == nil)
            try store.change { $0.append(User(name: "alice")) }
            #expect(try watch.changed()?.map(\.name) == ["alice"])
            #expect(try watch.changed() == nil)
            try "users: 7 ".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: UsersFileError.self) { try watch.changed() }
            #expect(try watch.changed() == nil)
            try "users: []".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try watch.changed() == [])
            try FileManager.default.removeItem(atPath: path)
            #expect(throws: UsersFileError.self) { try watch.changed() }
            #expect(try watch.changed() == nil)
        }
    }
}
