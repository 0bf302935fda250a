import ClusterCore

/// Takes an input apart, for checks that need more than one value. Never runs out: what is missing is zero or empty, so that
/// each input means something.
struct Input {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// Two bytes of length, then as many bytes as that, or as there are.
    mutating func block() -> [UInt8] {
        let length = Int(byte()) << 8 | Int(byte())
        defer { rest = rest.dropFirst(length) }
        return Array(rest.prefix(length))
    }

    /// All that is left.
    mutating func all() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }
}

/// The bytes in pieces, as a socket may give them: chance decides, and the bytes decide chance.
func pieces(of bytes: [UInt8]) -> [[UInt8]] {
    var random = SplitMix64(seed: hash64(bytes))
    var pieces: [[UInt8]] = []
    var place = 0
    while place < bytes.count {
        let end = min(place + 1 + Int(random.next() % 16), bytes.count)
        pieces.append(Array(bytes[place..<end]))
        place = end
    }
    return pieces
}
