import Access

/// What is the same for every use of a command.
struct RESPCommandDescription {
    /// As `COMMAND DOCS` names them.
    enum Group: String {
        case connection, server, generic, string, set, hash, cluster, kvnode
    }

    /// As `COMMAND INFO` names them.
    enum Flag: String {
        case readonly, write, denyoom, fast
    }

    /// Where the keys are among the arguments.
    enum Keys {
        case none
        case first
        /// All arguments from the first on.
        case all
        /// Every other one, with its value behind it.
        case pairs
    }

    let group: Group
    /// How many arguments it has, its name included.
    let arity: ClosedRange<Int>
    let keys: Keys
    let flags: [Flag]

    init(_ group: Group, _ arity: ClosedRange<Int>, _ keys: Keys, _ flags: Flag...) {
        self.group = group
        self.arity = arity
        self.keys = keys
        self.flags = flags
    }

    init(_ group: Group, _ arity: PartialRangeFrom<Int>, _ keys: Keys, _ flags: Flag...) {
        self.group = group
        self.arity = arity.lowerBound...Int.max
        self.keys = keys
        self.flags = flags
    }
}

extension RESPCommand {
    var description: RESPCommandDescription {
        switch self {
        case .ping, .quit, .hello: .init(.connection, 1..., .none, .fast)
        case .reset: .init(.connection, 1...1, .none, .fast)
        case .echo, .select: .init(.connection, 2...2, .none, .fast)
        case .auth, .client: .init(.connection, 2..., .none, .fast)

        case .command, .info: .init(.server, 1..., .none, .fast)
        case .config: .init(.server, 2..., .none, .fast)

        case .scan: .init(.generic, 2..., .none, .readonly)
        case .keys: .init(.generic, 2...2, .none, .readonly)
        case .randomkey: .init(.generic, 1...1, .none, .readonly)
        case .wait: .init(.generic, 3...3, .none)
        case .flushdb: .init(.server, 1..., .none, .write)
        case .dbsize: .init(.server, 1...1, .none, .readonly)

        case .cluster: .init(.cluster, 2..., .none)
        case .readonly, .readwrite: .init(.cluster, 1...1, .none, .fast)

        case .exists: .init(.generic, 2..., .all, .readonly, .fast)
        case .del, .unlink: .init(.generic, 2..., .all, .write)
        case .type, .ttl, .pttl, .expiretime, .pexpiretime: .init(.generic, 2...2, .first, .readonly, .fast)
        case .persist: .init(.generic, 2...2, .first, .write, .fast)
        case .expire, .pexpire, .expireat, .pexpireat: .init(.generic, 3..., .first, .write, .fast)

        case .get, .strlen: .init(.string, 2...2, .first, .readonly, .fast)
        case .mget: .init(.string, 2..., .all, .readonly, .fast)
        case .getdel: .init(.string, 2...2, .first, .write, .fast)
        case .getex: .init(.string, 2..., .first, .write, .fast)
        case .set: .init(.string, 3..., .first, .write, .denyoom)
        case .setnx, .getset, .append: .init(.string, 3...3, .first, .write, .denyoom, .fast)
        case .setex, .psetex: .init(.string, 4...4, .first, .write, .denyoom)
        case .mset: .init(.string, 3..., .pairs, .write, .denyoom)
        case .incr, .decr: .init(.string, 2...2, .first, .write, .denyoom, .fast)
        case .incrby, .decrby, .incrbyfloat: .init(.string, 3...3, .first, .write, .denyoom, .fast)

        case .sadd: .init(.set, 3..., .first, .write, .denyoom, .fast)
        case .srem: .init(.set, 3..., .first, .write, .fast)
        case .smembers: .init(.set, 2...2, .first, .readonly)
        case .scard: .init(.set, 2...2, .first, .readonly, .fast)
        case .sismember: .init(.set, 3...3, .first, .readonly, .fast)
        case .smismember: .init(.set, 3..., .first, .readonly, .fast)
        case .sscan: .init(.set, 3..., .first, .readonly)

        case .hset, .hmset: .init(.hash, 4..., .first, .write, .denyoom, .fast)
        case .hsetnx: .init(.hash, 4...4, .first, .write, .denyoom, .fast)
        case .hincrby, .hincrbyfloat: .init(.hash, 4...4, .first, .write, .denyoom, .fast)
        case .hdel: .init(.hash, 3..., .first, .write, .fast)
        case .hget, .hexists, .hstrlen: .init(.hash, 3...3, .first, .readonly, .fast)
        case .hmget: .init(.hash, 3..., .first, .readonly, .fast)
        case .hlen: .init(.hash, 2...2, .first, .readonly, .fast)
        case .hgetall, .hkeys, .hvals: .init(.hash, 2...2, .first, .readonly)
        case .hscan: .init(.hash, 3..., .first, .readonly)

        case .kvBucket: .init(.kvnode, 2...2, .none, .fast)
        case .kvGet: .init(.kvnode, 2...2, .first, .readonly)
        case .kvPut: .init(.kvnode, 4...4, .first, .write, .denyoom)
        case .kvDel: .init(.kvnode, 3...3, .first, .write)
        }
    }
}

extension RESPCommand {
    /// What it is, as far as rights are concerned. Those on keys and those of a keyspace are so in the connection's bucket.
    var operation: Operation {
        switch self {
        case .hello, .auth, .quit, .reset: .greet
        case .ping, .echo, .select, .client, .command, .info, .cluster, .readonly, .readwrite, .wait,
            .kvBucket:
            .describe
        case .config: .readSettings
        case .get, .mget, .strlen, .exists, .type, .ttl, .pttl, .expiretime, .pexpiretime, .smembers,
            .sismember, .smismember, .scard, .sscan, .hget, .hgetall, .hmget, .hlen, .hexists, .hkeys,
            .hvals, .hstrlen, .hscan, .kvGet:
            .readKey
        case .set, .setnx, .setex, .psetex, .getset, .getdel, .getex, .mset, .append, .del, .unlink,
            .expire, .pexpire, .expireat, .pexpireat, .persist, .incr, .decr, .incrby, .decrby,
            .incrbyfloat, .sadd, .srem, .hset, .hmset, .hsetnx, .hdel, .hincrby, .hincrbyfloat, .kvPut,
            .kvDel:
            .writeKey
        case .scan, .keys, .randomkey, .dbsize: .listKeys
        case .flushdb: .flushBucket
        }
    }
}

extension RESPCommandDescription {
    /// How many keys a command of so many arguments names; 1 for one that names none.
    func keyCount(_ arguments: Int) -> Int {
        switch keys {
        case .none, .first: 1
        case .all: max(1, arguments - 1)
        case .pairs: max(1, (arguments - 1) / 2)
        }
    }
}
