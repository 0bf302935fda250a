@testable import ClusterCore

extension FuzzTarget {
    /// What another node sends: batches of requests or replies, and the greeting before them.
    static let peer = FuzzTarget("peer", heap: HeapAllowance(perByte: 64, base: 64 << 10)) { bytes in
        if try PeerTarget.checkRequests(bytes) { return true }
        if try PeerTarget.checkReplies(bytes) { return true }
        guard let hello = try? PeerHello.decode(bytes) else { return false }
        try claim(hello.encode() == bytes, "a greeting that was read is written otherwise")
        return true
    }

    /// What another node's gossip says.
    static let gossip = FuzzTarget(
        "gossip", maxBytes: 2048, heap: HeapAllowance(perByte: 64, base: 64 << 10)
    ) { bytes in
        guard let message = try? SwimCodec.decode(bytes) else { return false }
        try claim(SwimCodec.encode(message) == bytes, "gossip that was read is written otherwise")
        for (one, other) in zip(message.updates, message.updates.dropFirst()) {
            var (there, back) = (one.record, other.record)
            there.merge(other.record)
            back.merge(one.record)
            let isOneNode = one.record.id == other.record.id
            try claim(!isOneNode || there == back, "two records of a node merge to two")
        }
        try PeerTarget.hear(bytes)
        return true
    }
}

enum PeerTarget {
    /// What a node would do with the request is for its own tests; here it has to arrive as it was sent.
    static func checkForwarding(_ request: Request) throws {
        let message = PeerRequestMessage(id: 1, body: .forward(request))
        var writer = ByteWriter()
        PeerCodec.append(message, to: &writer)
        var arrived: [PeerRequestMessage] = []
        try PeerCodec.decodeRequests(writer.bytes) { arrived.append($0) }
        try claim(arrived == [message], "a request that is forwarded arrives as another")
    }

    /// - Returns: Whether there are any.
    fileprivate static func checkRequests(_ batch: [UInt8]) throws -> Bool {
        var messages: [PeerRequestMessage] = []
        // Those before the first that is broken count.
        try? PeerCodec.decodeRequests(batch) { messages.append($0) }
        var writer = ByteWriter()
        for message in messages { PeerCodec.append(message, to: &writer) }
        // A table may come in any order of its buckets, so that one alone has several forms.
        if messages.contains(where: { if case .buckets = $0.body { true } else { false } }) {
            var again: [PeerRequestMessage] = []
            try PeerCodec.decodeRequests(writer.bytes) { again.append($0) }
            try claim(again == messages, "requests that were written are read as others")
        } else {
            try claim(batch.starts(with: writer.bytes), "requests that were read are written otherwise")
        }
        return !messages.isEmpty
    }

    /// - Returns: Whether there are any.
    fileprivate static func checkReplies(_ batch: [UInt8]) throws -> Bool {
        var writer = ByteWriter()
        try? PeerCodec.decodeReplies(batch) { PeerCodec.append($0, to: &writer) }
        try claim(batch.starts(with: writer.bytes), "replies that were read are written otherwise")
        return !writer.isEmpty
    }

    /// A node that hears it from another, and goes on for a while: what it then says can be read.
    fileprivate static func hear(_ bytes: [UInt8]) throws {
        let me = MemberRecord(name: "me", address: "127.0.0.1:7401", instance: 1, incarnation: 1_000)
        var swim = Swim(own: me, seed: 1)
        var actions: [Swim.Action] = []
        swim.start(now: 0, &actions)
        for second in 0..<3 as Range<UInt64> {
            try swim.received(
                bytes, from: NodeID(name: "other"), now: second * 1_000, wallMillis: second * 1_000, &actions)
            swim.tick(now: second * 1_000 + 500, &actions)
        }
        for case .send(let message, _, _) in actions {
            let said = try SwimCodec.decode(message)
            try claim(SwimCodec.encode(said) == message, "a node says what it would not say so")
        }
    }
}
