import Testing

/// A frame of HTTP/2 (RFC 9113, section 4.1), written and read without the code under test.
struct Frame: Equatable {
    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    static let endOfStream: UInt8 = 1
    static let acknowledged: UInt8 = 1
    static let endOfHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    var kind: Kind
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    var bytes: [UInt8] {
        let length = UInt32(payload.count)
        return bigEndian(length).dropFirst() + [kind.rawValue, flags] + bigEndian(stream) + payload
    }

    /// Whole frames and nothing else.
    static func parse(_ bytes: [UInt8]) throws -> [Frame] {
        var (frames, rest) = ([Frame](), bytes[...])
        while !rest.isEmpty {
            try #require(rest.count >= 9)
            let head = Array(rest.prefix(9))
            let length = Int(number(head[0..<3]))
            try #require(rest.count >= 9 + length)
            frames.append(
                Frame(
                    kind: try #require(Kind(rawValue: head[3])), flags: head[4], stream: number(head[5..<9]),
                    payload: Array(rest.dropFirst(9).prefix(length))))
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }

    static func number(_ bytes: some Sequence<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    /// A part of a stream.
    static func data(_ payload: [UInt8], stream: UInt32, isLast: Bool = false) -> Frame {
        Frame(kind: .data, flags: isLast ? endOfStream : 0, stream: stream, payload: payload)
    }

    /// A header block that says nothing of interest.
    static func headers(stream: UInt32, isLast: Bool = false) -> Frame {
        Frame(
            kind: .headers, flags: endOfHeaders | (isLast ? endOfStream : 0), stream: stream, payload: [0x88])
    }

    static func reset(stream: UInt32) -> Frame {
        Frame(kind: .reset, stream: stream, payload: bigEndian(8))
    }

    /// That each stream begins with this window.
    static func settings(window: UInt32) -> Frame {
        Frame(kind: .settings, payload: [0, 3, 0, 0, 0, 100] + [0, 4] + bigEndian(window))
    }

    static func window(_ increment: UInt32, stream: UInt32) -> Frame {
        Frame(kind: .windowUpdate, stream: stream, payload: bigEndian(increment))
    }

    static let goAway = Frame(kind: .goAway, payload: bigEndian(1) + bigEndian(0))
}

func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

/// A message as gRPC sends it, with its length before it.
func grpc(_ message: [UInt8]) -> [UInt8] { [0] + bigEndian(UInt32(message.count)) + message }

/// A gRPC call's reply: a message, and trailers.
func answer(_ message: [UInt8], stream: UInt32) -> [Frame] {
    [.headers(stream: stream), .data(grpc(message), stream: stream), .headers(stream: stream, isLast: true)]
}

extension [Frame] {
    var bytes: [UInt8] { flatMap(\.bytes) }
}
