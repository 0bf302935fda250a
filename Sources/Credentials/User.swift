import Access

/// A user, as the users file has it.
public struct User: Equatable, Sendable {
    /// A token of a user's: a program's, say.
    public struct Token: Equatable, Sendable {
        /// By which it is told from the user's others; no secret.
        public var name: String
        public var hash: [UInt8]

        public init(name: String, hash: [UInt8]) {
            self.name = name
            self.hash = hash
        }
    }

    public var name: String
    public var grants: [Grant]
    /// Nil: it comes with tokens alone.
    public var password: PasswordHash?
    public var tokens: [Token]
    /// Nil: no limit of its own.
    public var limit: RateLimit?

    public init(
        name: String, grants: [Grant] = [], password: PasswordHash? = nil, tokens: [Token] = [],
        limit: RateLimit? = nil
    ) {
        self.name = name
        self.grants = grants
        self.password = password
        self.tokens = tokens
        self.limit = limit
    }

    /// As the authorization point knows it.
    var account: Account {
        Account(
            name: name, grants: grants, limit: limit,
            credentials: Set(tokens.map(\.hash) + [password?.hash].compactMap { $0 }))
    }
}

/// The users of a node, to be found by what they prove themselves by.
struct UserTable: Sendable {
    private let users: [String: User]
    private let logins: [[UInt8]: Login]
    /// What is hashed against where there is no such user: of the cost that most users' passwords have.
    let decoy: PasswordHash

    init(_ users: [User]) {
        self.users = Dictionary(users.map { ($0.name, $0) }) { first, _ in first }
        var logins: [[UInt8]: Login] = [:]
        var costs: [PasswordHash.Cost: Int] = [:]
        for user in users {
            for token in user.tokens { logins[token.hash] = Login(user: user.name, credential: token.hash) }
            if let cost = user.password?.cost { costs[cost, default: 0] += 1 }
        }
        self.logins = logins
        decoy = PasswordHash(decoyWith: costs.max { $0.value < $1.value }?.key ?? .standard)
    }

    func password(of name: String) -> PasswordHash? { users[name]?.password }

    /// - Parameter hash: Of a token. That of one guess tells nothing of how near another is, so a dictionary may look for it.
    func login(ofToken hash: [UInt8]) -> Login? {
        guard let login = logins[hash], ConstantTime.areEqual(login.credential, hash) else { return nil }
        return login
    }
}
