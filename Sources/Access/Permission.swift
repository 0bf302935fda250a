/// What a grant allows in its buckets; each includes the ones before it.
public enum Permission: Int, Sendable, CaseIterable, Comparable {
    case read
    case write
    /// To change buckets' properties and to empty buckets; with a grant for all buckets, to look after the cluster.
    case admin

    /// - Parameter role: The name, as a users file has it: `read`, `write` or `admin`.
    public init?(role: some StringProtocol) {
        guard let found = Self.allCases.first(where: { $0.role == role }) else { return nil }
        self = found
    }

    public var role: String {
        switch self {
        case .read: "read"
        case .write: "write"
        case .admin: "admin"
        }
    }

    public static func < (a: Permission, b: Permission) -> Bool { a.rawValue < b.rawValue }
}

/// A role in some of the buckets: `read:carts*`, `write:carts`, `admin:*`.
public struct Grant: Hashable, Sendable, CustomStringConvertible {
    public static let syntax =
        "role:bucket, with role one of read, write, admin, and * at the end for all names that begin so: \"write:carts*\", \"admin:*\""

    public var permission: Permission
    /// How the buckets' names begin, or the whole name if `isPrefix` is false.
    public var bucket: String
    public var isPrefix: Bool

    public init(_ permission: Permission, prefix: String) {
        self.permission = permission
        bucket = prefix
        isPrefix = true
    }

    /// Nil unless `text` is as `syntax` says. A bucket's name may hold any character, so a star in its midst is one of them.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), let permission = Permission(role: text[..<colon]) else {
            return nil
        }
        let name = text[text.index(after: colon)...]
        self.permission = permission
        isPrefix = name.last == "*"
        bucket = String(isPrefix ? name.dropLast() : name)
        if bucket.isEmpty, !isPrefix { return nil }
    }

    public var description: String { "\(permission.role):\(bucket)\(isPrefix ? "*" : "")" }

    /// Whether it gives `permission` on the node as a whole, which belongs to no bucket.
    func allowsOnNode(_ permission: Permission) -> Bool {
        isPrefix && bucket.isEmpty && permission <= self.permission
    }

    /// Compares bytes, as the store does: to Swift's strings `é` may be the same as `e` with an accent. Allocates nothing.
    func allows(_ permission: Permission, in bucket: String) -> Bool {
        guard permission <= self.permission else { return false }
        return isPrefix
            ? bucket.utf8.starts(with: self.bucket.utf8) : bucket.utf8.elementsEqual(self.bucket.utf8)
    }
}
