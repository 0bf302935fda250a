/// The replies of one connection that its client has not taken: how many bytes they may have, and which are given up.
///
/// What a command's reply takes is known only when it is there. So commands begin as many at a time as would have room if each
/// came to the longest reply of late; where replies grow all of a sudden, those for which there is no room are given up, and a
/// connection holds the limit and one reply, besides short ones.
struct ReplyBacklog {
    /// Replies up to this size are never given up: they cost little more than the error in their place.
    static let shortBytes = 1 << 10
    /// Commands that begin together on a new connection, of whose replies nothing is known.
    private static let firstCommands = 128
    /// After so many shorter replies, about a third of a long one's size is expected still.
    private static let memory = 16

    private let maxBytes: Int
    /// Of replies that wait for those of earlier commands, or for the client.
    private(set) var bytes = 0
    /// What the next reply may come to.
    private var expected: Int

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
        expected = maxBytes / Self.firstCommands
    }

    /// Whether one more command may begin, beside so many that have no reply yet.
    func hasRoom(beside underWay: Int) -> Bool {
        underWay == 0 ? bytes < maxBytes : bytes + (underWay + 1) * expected <= maxBytes
    }

    /// A command has its reply, of so many bytes. False if there is no room for it.
    mutating func take(_ byteCount: Int) -> Bool {
        expected = max(byteCount, expected - expected / Self.memory)
        if bytes >= maxBytes, byteCount > Self.shortBytes { return false }
        bytes += byteCount
        return true
    }

    /// So many bytes of the replies wait no longer.
    mutating func leave(_ byteCount: Int) { bytes -= byteCount }
}

extension RESPReply {
    /// Whether it says that the node has too much to do.
    var isRefusal: Bool {
        if case .error(_, code: "OVERLOADED") = self { true } else { false }
    }

    /// What it takes, but for what goes round it.
    var byteCount: Int {
        switch self {
        case .simple(let text), .text(let text): text.utf8.count
        case .error(let message, let code): message.utf8.count + code.utf8.count
        case .integer, .null: 0
        case .bulk(let bytes): bytes.count
        case .array(let elements), .set(let elements): elements.reduce(0) { $0 + $1.byteCount }
        case .map(let pairs): pairs.reduce(0) { $0 + $1.0.byteCount + $1.1.byteCount }
        }
    }
}
