import Access
import Yams

/// Reads users from YAML, strictly: a key that is misspelt must not be a limit or a right that is silently missing.
struct UserReader {
    private(set) var users: [User] = []
    private var names: Set<String> = []
    private var tokens: Set<[UInt8]> = []

    mutating func read(_ node: Node) throws(UsersFileError) {
        guard let items = node.sequence else { throw Self.wrong(node, "users is a list") }
        for item in items {
            let user = try user(item)
            guard names.insert(user.name).inserted else {
                throw Self.wrong(item, "there are two users named \(user.name)")
            }
            users.append(user)
        }
    }

    private mutating func user(_ node: Node) throws(UsersFileError) -> User {
        guard let mapping = node.mapping else {
            throw Self.wrong(node, "a user is a mapping with the keys name, grants, …")
        }
        var user = User(name: "")
        var (rate, burst): (Int?, Int?)
        for (key, value) in mapping {
            switch key.string {
            case "name": user.name = try Self.name(value, "a user's name")
            case "grants": user.grants = try Self.grants(value)
            case "password": user.password = try Self.password(value)
            case "tokens": user.tokens = try readTokens(value)
            case "operations_per_second": rate = try Self.number(value, "operations_per_second")
            case "burst": burst = try Self.number(value, "burst")
            default:
                throw Self.wrong(
                    key,
                    "a user has the keys name, grants, password, tokens, operations_per_second and burst, and no other"
                )
            }
        }
        guard !user.name.isEmpty else { throw Self.wrong(node, "a user has no name") }
        switch (rate, burst) {
        case (let rate?, _): user.limit = RateLimit(operationsPerSecond: rate, burst: burst ?? rate)
        case (nil, nil): break
        case (nil, _): throw Self.wrong(node, "burst goes with operations_per_second")
        }
        return user
    }

    private static func grants(_ node: Node) throws(UsersFileError) -> [Grant] {
        guard let items = node.sequence else { throw wrong(node, "grants is a list") }
        var grants: [Grant] = []
        for item in items {
            guard let text = item.string, let grant = Grant(text) else {
                throw wrong(item, "a grant is \(Grant.syntax)")
            }
            grants.append(grant)
        }
        return grants
    }

    private static func password(_ node: Node) throws(UsersFileError) -> PasswordHash {
        guard let text = node.string, let hash = PasswordHash(text) else {
            throw wrong(
                node, "password is no hash as kvnode user passwd writes it, or one that costs too much memory"
            )
        }
        return hash
    }

    private mutating func readTokens(_ node: Node) throws(UsersFileError) -> [User.Token] {
        guard let items = node.sequence else { throw Self.wrong(node, "tokens is a list") }
        var read: [User.Token] = []
        for item in items {
            guard let mapping = item.mapping, mapping.count == 2, let name = mapping["name"],
                let text = mapping["sha256"]?.string, let hash = Hexadecimal.bytes(text), hash.count == 32
            else {
                throw Self.wrong(item, "a token has the keys name and sha256, 64 hexadecimal digits")
            }
            let token = User.Token(name: try Self.name(name, "a token's name"), hash: hash)
            guard !read.contains(where: { $0.name == token.name }), tokens.insert(hash).inserted else {
                throw Self.wrong(item, "the same token, or its name, is there twice")
            }
            read.append(token)
        }
        return read
    }

    private static func name(_ node: Node, _ what: String) throws(UsersFileError) -> String {
        guard let text = node.string, Account.isName(text) else {
            throw wrong(node, "\(what) is \(Account.nameRule)")
        }
        return text
    }

    private static func number(_ node: Node, _ key: String) throws(UsersFileError) -> Int {
        guard let number = node.int, (1...RateLimit.maximum).contains(number) else {
            throw wrong(node, "\(key) is an integer from 1 to \(RateLimit.maximum)")
        }
        return number
    }

    private static func wrong(_ node: Node, _ message: String) -> UsersFileError {
        UsersFileError("line \(node.mark?.line ?? 0): \(message)")
    }
}

/// Bytes in hexadecimal digits.
enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Nil if `text` is none.
    static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16),
                digits[index] != UInt8(ascii: "+"), digits[index] != UInt8(ascii: "-")
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
