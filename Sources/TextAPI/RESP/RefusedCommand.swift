/// Commands of Redis that a store without a master, whose replicas may differ for a while, does not serve; with the reason.
enum RefusedCommand {
    /// - Parameter name: In lower case.
    static func reason(_ name: String) -> String? { reasons[name] }

    private static let reasons: [String: String] = Dictionary(
        uniqueKeysWithValues: groups.flatMap { group in
            group.names.split(separator: " ").map { (String($0), group.reason) }
        })

    private static let groups: [(names: String, reason: String)] = [
        (
            "multi exec discard watch unwatch",
            "there are no transactions: keys lie on different nodes, which agree on each key by itself"
        ),
        (
            "msetnx rename renamenx copy move swapdb",
            "keys lie on different nodes, which change each key by itself"
        ),
        (
            "eval evalsha eval_ro evalsha_ro script fcall fcall_ro function",
            "there are no scripts: nothing runs on all replicas of a key in the same order"
        ),
        (
            "blpop brpop blmove blmpop brpoplpush bzpopmin bzpopmax bzmpop xread xreadgroup",
            "no command blocks: there is no one place where a key's changes are known first"
        ),
        (
            "subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe publish spublish pubsub",
            "there are no channels: this is a store"
        ),
        (
            "lpush rpush lpushx rpushx lpop rpop lmpop lrange llen lindex lset lrem ltrim linsert lmove lpos rpoplpush",
            "there are no lists: of elements that are pushed at the same time on different nodes, none is first"
        ),
        (
            "spop srandmember hrandfield smove",
            "nodes that take a member at the same time would give it to two clients: read them, and remove one"
        ),
        (
            "sinter sintercard sinterstore sunion sunionstore sdiff sdiffstore sort sort_ro",
            "keys lie on different nodes: read the sets and combine them in the client"
        ),
        (
            """
            zadd zincrby zrem zremrangebyscore zremrangebyrank zremrangebylex zcard zcount zscore zmscore zrank zrevrank zrange \
            zrangestore zrangebyscore zrevrangebyscore zrangebylex zrevrangebylex zrevrange zlexcount zpopmin zpopmax zmpop \
            zrandmember zinter zintercard zinterstore zunion zunionstore zdiff zdiffstore zscan
            """,
            "there are no sorted sets: a map of scores can be sorted by its reader"
        ),
        (
            "geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore",
            "there are no places: they are sorted sets"
        ),
        (
            "xadd xlen xrange xrevrange xdel xtrim xack xclaim xautoclaim xpending xgroup xinfo xsetid",
            "there are no streams: no node gives all entries their order"
        ),
        (
            "setbit getbit bitcount bitpos bitop bitfield bitfield_ro setrange getrange substr lcs",
            "a value is written as a whole: get it, and set what it is to be"
        ),
        ("pfadd pfcount pfmerge", "there are no estimates of sets: SCARD counts exactly"),
        ("dump restore migrate object touch", "a key's form within is no client's to see or to set"),
        (
            "flushall",
            "it would delete all buckets: FLUSHDB deletes the keys of the connection's bucket"
        ),
        (
            "replicaof slaveof failover psync replconf role",
            "there is no master: every node takes writes, see kvnode cluster"
        ),
        ("save bgsave bgrewriteaof lastsave", "every acknowledged write is in the engine already"),
        ("shutdown", "a node is stopped by SIGTERM"),
        ("acl", "who may do what is not told by clients"),
        ("monitor slowlog latency memory debug module", "a node is watched by its logs"),
    ]
}
