import Access
import ClusterCore

/// What a command comes to.
enum RESPPlan {
    /// An answer that needs nothing of the store.
    case reply(RESPReply)
    /// This answer, in that version of the protocol, which is the connection's from then on.
    case speak(RESPWriter.Version, RESPReply)
    /// Finds out whether the client is who it says it is; no command begins meanwhile.
    case authenticate(Credential, RESPGreeting)
    /// This answer, after which the connection ends.
    case end(RESPReply)
    /// Reads keys, each by itself.
    case read([[UInt8]], ReadFormat)
    /// Changes keys, each by itself and no key twice.
    case write([StringWrite], WriteFormat)
    /// Changes a counter, a set, a map, or when the key expires.
    case change([UInt8], DataChange, ChangeFormat)
    /// Takes all keys.
    case keyspace(KeyspaceCommands.Task)
    /// Tells of the nodes.
    case cluster(ClusterCommands.Question)
    /// Puts with a context of the client's own; answers with the context after it.
    case put(PutRequest)

    /// How what was read becomes a reply.
    enum ReadFormat {
        /// The value.
        case value
        /// An array of the values.
        case values
        /// How many keys have one.
        case count
        /// The value's length.
        case length
        /// What kind of value it is.
        case type
        /// When it expires, counted from now or from 1970.
        case expiry(fromNow: Bool, unitMillis: Int)
        /// The context and all siblings.
        case siblings
        case set(SetCommands.Question)
        case map(MapCommands.Question)
    }

    /// How what a change has done becomes a reply.
    enum ChangeFormat {
        case count
        case ok
        /// The number, which is a whole one.
        case integer
        case decimal
        /// That of a field.
        case fieldInteger
        case fieldDecimal
    }

    /// How what was done becomes a reply.
    enum WriteFormat {
        case ok
        /// OK, or null if it was not done.
        case okOrNull
        /// The value before, or null if there was none.
        case previous
        /// How many keys it was done to.
        case count
        /// How long the value is now.
        case length
    }

    /// What it uses of the connection's bucket.
    var uses: KeyUses.Use {
        switch self {
        case .reply, .speak, .authenticate, .end, .cluster: .nothing
        case .read(let keys, _): .keys(read: keys)
        case .write(let writes, _): .keys(written: writes.map(\.key))
        case .change(let key, _, _): .keys(written: [key])
        case .put(let put): .keys(written: [put.key])
        case .keyspace: .everything
        }
    }
}

/// What a client gets that has proved to be who it says it is, and what its connection is from then on.
struct RESPGreeting {
    var reply = RESPReply.ok
    /// Nil: as before. So it is with the name.
    var version: RESPWriter.Version?
    var name: [UInt8]?
}

extension Sibling {
    /// The value.
    var bytes: [UInt8] { content.parts.value }
}

extension Reading {
    /// What the key holds; nil: nothing.
    var kind: DataKind? { siblings.first?.content.kind }
}
