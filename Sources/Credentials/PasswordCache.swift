import Access

/// Passwords that were found right, so that a client which sends its password with each request costs one hash by scrypt, not
/// one a request. Holds no password, but what a keyed hash makes of user and password, whose key dies with the process.
struct PasswordCache {
    private struct Entry {
        var hash: PasswordHash
        var login: Login
    }

    private let limit: Int
    private var entries: [[UInt8]: Entry] = [:]
    /// In the order in which they came; the oldest makes room.
    private var order: [[UInt8]] = []
    private var oldest = 0

    /// - Parameter limit: Passwords at most; 0 for none.
    init(limit: Int) { self.limit = limit }

    var count: Int { entries.count }

    /// - Parameters:
    ///   - digest: Of user and password.
    ///   - hash: That the user's password has now; an entry of an earlier one tells nothing any more.
    func login(_ digest: [UInt8], _ hash: PasswordHash) -> Login? {
        guard let entry = entries[digest], entry.hash == hash else { return nil }
        return entry.login
    }

    mutating func insert(_ digest: [UInt8], _ hash: PasswordHash, _ login: Login) {
        guard limit > 0 else { return }
        let entry = Entry(hash: hash, login: login)
        guard entries.updateValue(entry, forKey: digest) == nil else { return }
        if order.count < limit {
            order.append(digest)
        } else {
            entries[order[oldest]] = nil
            order[oldest] = digest
            oldest = (oldest + 1) % limit
        }
    }
}
