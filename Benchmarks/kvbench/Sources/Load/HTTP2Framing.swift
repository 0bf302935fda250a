/// A client's side of HTTP/2 as far as gRPC on it needs: with prior knowledge, literal header fields out, no decoding of those that
/// come back, which say nothing that a reply's bytes don't.
struct HTTP2Framing {
    private static let maxWindow = 0x7fff_ffff
    static let defaultWindow = 65_535

    private enum Frame {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let acknowledged: UInt8 = 1
        static let endOfStream: UInt8 = 1
        static let padded: UInt8 = 8
        static let endOfHeaders: UInt8 = 4
    }

    /// What comes on a stream.
    enum Event {
        case data(ArraySlice<UInt8>)
        /// The server sends no more on it.
        case ended
        /// Bytes more may be sent on it.
        case window(Int)
    }

    /// Bytes that the server lets us send on the connection, and on a new stream.
    private(set) var connectionWindow = defaultWindow
    private(set) var initialWindow = defaultWindow
    /// Bytes that have come since the last window update: on the connection, and on each stream that is open.
    private var taken = 0
    private var takenOnStream: [UInt32: Int] = [:]

    /// Which gives the server windows that hardly end.
    func opening() -> [UInt8] {
        var output = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        var settings: [UInt8] = [0, 4]  // SETTINGS_INITIAL_WINDOW_SIZE
        settings.append(bigEndian: UInt32(Self.maxWindow))
        Self.append(Frame.settings, flags: 0, stream: 0, settings[...], to: &output)
        var update: [UInt8] = []
        update.append(bigEndian: UInt32(Self.maxWindow - Self.defaultWindow))
        Self.append(Frame.windowUpdate, flags: 0, stream: 0, update[...], to: &output)
        return output
    }

    /// Opens a stream for a call.
    func appendCall(stream: UInt32, headers: [UInt8], to output: inout [UInt8]) {
        Self.append(Frame.headers, flags: Frame.endOfHeaders, stream: stream, headers[...], to: &output)
    }

    /// The header block of a gRPC call.
    static func headers(path: String, server: String) -> [UInt8] {
        var block: [UInt8] = [0x83, 0x86]  // :method POST, :scheme http
        for (name, value) in [
            (":path", path), (":authority", server), ("content-type", "application/grpc"), ("te", "trailers"),
        ] {
            block.append(0)  // a literal that is not to be remembered; no length here reaches 127
            block.append(UInt8(name.utf8.count))
            block += name.utf8
            block.append(UInt8(value.utf8.count))
            block += value.utf8
        }
        return block
    }

    /// Appends a gRPC message. The caller has seen to the stream's window.
    mutating func append(
        message: [UInt8], stream: UInt32, isLast: Bool, to output: inout [UInt8]
    ) {
        var payload: [UInt8] = [0]
        payload.append(bigEndian: UInt32(message.count))
        payload += message
        connectionWindow -= payload.count
        var rest = payload[...]
        // Of no server are longer frames than this to be expected to be taken.
        while rest.count > 16_384 {
            Self.append(Frame.data, flags: 0, stream: stream, rest.prefix(16_384), to: &output)
            rest = rest.dropFirst(16_384)
        }
        Self.append(Frame.data, flags: isLast ? Frame.endOfStream : 0, stream: stream, rest, to: &output)
    }

    /// Takes whole frames, and appends what must be sent in answer.
    ///
    /// - Returns: How many bytes were used up.
    mutating func receive(
        _ input: ArraySlice<UInt8>, reply output: inout [UInt8],
        _ body: (UInt32, Event) throws(WireError) -> Void
    ) throws(WireError) -> Int {
        var rest = input
        while rest.count >= 9 {
            let head = rest.startIndex
            let length = Int(rest[head]) << 16 | Int(rest[head + 1]) << 8 | Int(rest[head + 2])
            guard rest.count >= 9 + length else { break }
            let (type, flags) = (rest[head + 3], rest[head + 4])
            let stream = Self.number(rest[(head + 5)...]) & 0x7fff_ffff
            try frame(type, flags, stream, rest[(head + 9)..<(head + 9 + length)], &output, body)
            if flags & Frame.endOfStream != 0, type == Frame.data || type == Frame.headers {
                takenOnStream[stream] = nil
                try body(stream, .ended)
            }
            rest = rest[(head + 9 + length)...]
        }
        return rest.startIndex - input.startIndex
    }

    private mutating func frame(
        _ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ bytes: ArraySlice<UInt8>, _ output: inout [UInt8],
        _ body: (UInt32, Event) throws(WireError) -> Void
    ) throws(WireError) {
        switch type {
        case Frame.data:
            guard flags & Frame.padded == 0 else { throw WireError("a padded frame") }
            taken += bytes.count
            takenOnStream[stream, default: 0] += bytes.count
            giveBackWindows(stream, &output)
            try body(stream, .data(bytes))
        case Frame.goAway: throw WireError(isBroken: true, "the server ends the connection")
        case Frame.reset: try body(stream, .ended)
        case Frame.settings where flags & Frame.acknowledged == 0:
            apply(settings: bytes)
            Self.append(Frame.settings, flags: Frame.acknowledged, stream: 0, [], to: &output)
        case Frame.ping where flags & Frame.acknowledged == 0:
            Self.append(Frame.ping, flags: Frame.acknowledged, stream: 0, bytes, to: &output)
        case Frame.windowUpdate:
            let increment = Int(Self.number(bytes) & 0x7fff_ffff)
            if stream == 0 { connectionWindow += increment } else { try body(stream, .window(increment)) }
        default: break
        }
    }

    private mutating func apply(settings: ArraySlice<UInt8>) {
        var rest = settings
        while rest.count >= 6 {
            let name = UInt16(rest[rest.startIndex]) << 8 | UInt16(rest[rest.startIndex + 1])
            if name == 4 { initialWindow = Int(Self.number(rest.dropFirst(2))) }
            rest = rest.dropFirst(6)
        }
    }

    /// Long before a window of 2 GiB is used up.
    private mutating func giveBackWindows(_ stream: UInt32, _ output: inout [UInt8]) {
        let least = 1 << 28
        if taken > least {
            Self.appendWindowUpdate(stream: 0, taken, to: &output)
            taken = 0
        }
        if let count = takenOnStream[stream], count > least {
            Self.appendWindowUpdate(stream: stream, count, to: &output)
            takenOnStream[stream] = 0
        }
    }

    private static func appendWindowUpdate(stream: UInt32, _ count: Int, to output: inout [UInt8]) {
        var update: [UInt8] = []
        update.append(bigEndian: UInt32(count))
        append(Frame.windowUpdate, flags: 0, stream: stream, update[...], to: &output)
    }

    static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func append(
        _ type: UInt8, flags: UInt8, stream: UInt32, _ body: ArraySlice<UInt8>, to output: inout [UInt8]
    ) {
        output.append(UInt8(truncatingIfNeeded: body.count >> 16))
        output.append(UInt8(truncatingIfNeeded: body.count >> 8))
        output.append(UInt8(truncatingIfNeeded: body.count))
        output.append(type)
        output.append(flags)
        output.append(bigEndian: stream)
        output += body
    }
}

extension [UInt8] {
    mutating func append(bigEndian value: UInt32) {
        for shift in stride(from: 24, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
        }
    }
}
