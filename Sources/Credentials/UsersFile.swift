import Access
import Foundation
import Yams

/// What is wrong with a users file, or keeps it from being read.
public struct UsersFileError: Error, CustomStringConvertible, Equatable {
    public var description: String

    public init(_ description: String) { self.description = description }
}

/// The file that names a node's users: YAML, written by `kvnode user` or by hand.
///
/// ```yaml
/// users:
///   - name: "alice"
///     grants: ["write:carts*", "read:*"]
///     password: "$scrypt$ln=14,r=8,p=5$…$…"
///     tokens: [{name: "ci", sha256: "…"}]
///     operations_per_second: 1000
///     burst: 200
/// ```
public enum UsersFile {
    /// A file of more bytes is none of ours: a hundred thousand users take a third of it.
    static let maxBytes = 64 << 20

    /// - Throws: `UsersFileError` that names the path.
    public static func read(_ path: String) throws(UsersFileError) -> [User] {
        let text: String
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            let data = try file.read(upToCount: maxBytes + 1) ?? Data()
            guard data.count <= maxBytes else {
                throw UsersFileError("\(path) has more than \(maxBytes) bytes")
            }
            guard let decoded = String(validating: data, as: UTF8.self) else {
                throw UsersFileError("\(path) is no text in UTF-8")
            }
            text = decoded
        } catch let error as UsersFileError {
            throw error
        } catch {
            throw UsersFileError("\(path) can't be read: \(error.localizedDescription)")
        }
        do throws(UsersFileError) {
            return try parse(text)
        } catch {
            throw UsersFileError("\(path): \(error.description)")
        }
    }

    /// Never tells what a password or token entry holds, which may be a secret put in the wrong place.
    public static func parse(_ text: String) throws(UsersFileError) -> [User] {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw UsersFileError("not valid YAML" + place(of: error))
        } catch {
            throw UsersFileError("not valid YAML")
        }
        guard let root, let mapping = root.mapping else {
            throw UsersFileError("not a mapping with the key users")
        }
        var reader = UserReader()
        for (key, value) in mapping {
            guard key.string == "users" else {
                throw UsersFileError("line \(key.mark?.line ?? 0): only the key users may stand here")
            }
            try reader.read(value)
        }
        return reader.users
    }

    private static func place(of error: YamlError) -> String {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
            ", at line \(mark.line)"
        default: ""
        }
    }

    public static func text(of users: [User]) -> String {
        var text = "# Written by `kvnode user`. Nodes read it again when it changes.\n"
        text += users.isEmpty ? "users: []\n" : "users:\n"
        for user in users.sorted(by: { $0.name < $1.name }) { text += self.text(of: user) }
        return text
    }

    private static func text(of user: User) -> String {
        var text = "  - name: \(quote(user.name))\n"
        text += "    grants: [\(user.grants.map { quote($0.description) }.joined(separator: ", "))]\n"
        if let password = user.password { text += "    password: \(quote(password.description))\n" }
        if !user.tokens.isEmpty { text += "    tokens:\n" }
        for token in user.tokens {
            text += "      - {name: \(quote(token.name)), sha256: \"\(Hexadecimal.text(token.hash))\"}\n"
        }
        if let limit = user.limit {
            text += "    operations_per_second: \(limit.operationsPerSecond)\n    burst: \(limit.burst)\n"
        }
        return text
    }

    private static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                quoted += "\\x" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
