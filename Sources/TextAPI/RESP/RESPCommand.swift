import NIOCore

/// A command that this node serves.
enum RESPCommand: String, CaseIterable {
    case ping, echo, quit, reset, select, hello, auth, client
    case command, config, info
    case get, set, setnx, setex, psetex, getset, getdel, getex, mget, mset, strlen, append
    case exists, del, unlink, type
    case expire, pexpire, expireat, pexpireat, ttl, pttl, expiretime, pexpiretime, persist
    case incr, decr, incrby, decrby, incrbyfloat
    case sadd, srem, smembers, sismember, smismember, scard, sscan
    case hset, hmset, hsetnx, hget, hdel, hgetall, hmget, hlen, hexists, hkeys, hvals, hstrlen, hincrby,
        hincrbyfloat
    case hscan
    case scan, keys, randomkey, flushdb, dbsize, wait
    case cluster, readonly, readwrite
    case kvGet = "kv.get"
    case kvPut = "kv.put"
    case kvDel = "kv.del"
    case kvBucket = "kv.bucket"

    /// Names have at most this many bytes; one more is no command.
    private static let maxNameBytes = 15

    private static let byName: [UInt128: RESPCommand] = Dictionary(
        uniqueKeysWithValues: allCases.map { (packed($0.rawValue.utf8)!, $0) })

    /// - Parameter name: In upper or lower case.
    init?(name: ByteBufferView) {
        guard let packed = Self.packed(name), let command = Self.byName[packed] else { return nil }
        self = command
    }

    /// The name in one number, which needs no allocation.
    private static func packed(_ name: some Collection<UInt8>) -> UInt128? {
        guard name.count <= maxNameBytes else { return nil }
        // The 1 in front tells names apart that begin with zeros.
        return name.reduce(1) { $0 << 8 | UInt128(lowercased($1)) }
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
