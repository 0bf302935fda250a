/// A `kvnode.v1.KeyValue/Session` stream: gRPC's framing on HTTP/2 with prior knowledge, one stream a connection.
///
/// Only what a client of one long stream needs: literal header fields out, no decoding of those that come back.
struct SessionWire: Wire {
    private static let maxWindow = 0x7fff_ffff
    private static let defaultWindow = 65_535
    private static let stream: UInt32 = 1

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

    /// Bytes that the server lets us send: on the connection, on the stream.
    private var connectionWindow = defaultWindow
    private var streamWindow = defaultWindow
    private var initialWindow = defaultWindow
    /// Bytes that have come since the last window update.
    private var taken = 0
    private var nextID: UInt64 = 1
    /// gRPC messages, as far as they have come.
    private var messages: [UInt8] = []

    mutating func opening(port: UInt16) -> [UInt8] {
        var output = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        var settings: [UInt8] = [0, 4]  // SETTINGS_INITIAL_WINDOW_SIZE
        settings.append(bigEndian: UInt32(Self.maxWindow))
        Self.append(Frame.settings, flags: 0, stream: 0, settings, to: &output)
        var update: [UInt8] = []
        update.append(bigEndian: UInt32(Self.maxWindow - Self.defaultWindow))
        Self.append(Frame.windowUpdate, flags: 0, stream: 0, update, to: &output)

        var block: [UInt8] = [0x83, 0x86]  // :method POST, :scheme http
        for (name, value) in [
            (":path", "/kvnode.v1.KeyValue/Session"), (":authority", "127.0.0.1:\(port)"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ] {
            block.append(0)  // a literal that is not to be remembered; no length here reaches 127
            block.append(UInt8(name.utf8.count))
            block += name.utf8
            block.append(UInt8(value.utf8.count))
            block += value.utf8
        }
        Self.append(Frame.headers, flags: Frame.endOfHeaders, stream: Self.stream, block, to: &output)
        return output
    }

    mutating func append(_ operation: Operation, key: [UInt8], value: [UInt8], to output: inout [UInt8])
        -> Bool
    {
        var request: [UInt8] = []
        Protobuf.append("bench".utf8, field: 1, to: &request)
        Protobuf.append(key, field: 2, to: &request)
        if operation == .put { Protobuf.append(value, field: 3, to: &request) }
        var sessionOperation: [UInt8] = [1 << 3]
        Protobuf.append(varint: nextID, to: &sessionOperation)
        Protobuf.append(request, field: operation == .put ? 3 : 2, to: &sessionOperation)
        var message: [UInt8] = []
        Protobuf.append(sessionOperation, field: 1, to: &message)
        var payload: [UInt8] = [0]
        payload.append(bigEndian: UInt32(message.count))
        payload += message

        guard payload.count <= min(connectionWindow, streamWindow) else { return false }
        connectionWindow -= payload.count
        streamWindow -= payload.count
        nextID += 1
        Self.append(Frame.data, flags: 0, stream: Self.stream, payload, to: &output)
        return true
    }

    mutating func receive(
        _ input: ArraySlice<UInt8>, reply output: inout [UInt8]
    ) throws(WireError) -> (used: Int, outcomes: [Outcome]) {
        var rest = input
        var outcomes: [Outcome] = []
        while rest.count >= 9 {
            let head = rest.startIndex
            let length = Int(rest[head]) << 16 | Int(rest[head + 1]) << 8 | Int(rest[head + 2])
            guard rest.count >= 9 + length else { break }
            let body = rest[(head + 9)..<(head + 9 + length)]
            try frame(
                rest[head + 3], flags: rest[head + 4], stream: Self.number(rest[(head + 5)...]), body, &output
            )
            rest = rest[(head + 9 + length)...]
        }
        while let message = takeMessage() {
            try Protobuf.forEachField(of: message[...]) { (field, _, result) throws(WireError) in
                if field == 1 { outcomes.append(try Self.outcome(result)) }
            }
        }
        return (input.count - rest.count, outcomes)
    }

    private mutating func frame(
        _ type: UInt8, flags: UInt8, stream: UInt32, _ body: ArraySlice<UInt8>, _ output: inout [UInt8]
    ) throws(WireError) {
        switch type {
        case Frame.data:
            guard flags & (Frame.padded | Frame.endOfStream) == 0 else {
                throw WireError(description: "the server ended or padded the session")
            }
            messages += body
            taken += body.count
            // Long before either window of 2 GiB is used up.
            if taken > 1 << 28 { giveBackWindow(&output) }
        case Frame.headers where flags & Frame.endOfStream != 0:
            throw WireError(isBroken: true, description: "the server ended the session")
        case Frame.reset, Frame.goAway:
            throw WireError(isBroken: true, description: "the server broke off the session")
        case Frame.settings where flags & Frame.acknowledged == 0:
            apply(settings: body)
            Self.append(Frame.settings, flags: Frame.acknowledged, stream: 0, [], to: &output)
        case Frame.ping where flags & Frame.acknowledged == 0:
            Self.append(Frame.ping, flags: Frame.acknowledged, stream: 0, Array(body), to: &output)
        case Frame.windowUpdate:
            let increment = Int(Self.number(body) & 0x7fff_ffff)
            if stream == 0 { connectionWindow += increment } else { streamWindow += increment }
        default: break
        }
    }

    private mutating func apply(settings: ArraySlice<UInt8>) {
        var rest = settings
        while rest.count >= 6 {
            let name = UInt16(rest[rest.startIndex]) << 8 | UInt16(rest[rest.startIndex + 1])
            if name == 4 {
                let window = Int(Self.number(rest.dropFirst(2)))
                streamWindow += window - initialWindow
                initialWindow = window
            }
            rest = rest.dropFirst(6)
        }
    }

    private mutating func giveBackWindow(_ output: inout [UInt8]) {
        var update: [UInt8] = []
        update.append(bigEndian: UInt32(taken))
        Self.append(Frame.windowUpdate, flags: 0, stream: 0, update, to: &output)
        Self.append(Frame.windowUpdate, flags: 0, stream: Self.stream, update, to: &output)
        taken = 0
    }

    private mutating func takeMessage() -> [UInt8]? {
        guard messages.count >= 5 else { return nil }
        let length = Int(Self.number(messages[1...]))
        guard messages.count >= 5 + length else { return nil }
        let message = Array(messages[5..<(5 + length)])
        messages.removeFirst(5 + length)
        return message
    }

    private static func outcome(_ result: ArraySlice<UInt8>) throws(WireError) -> Outcome {
        var outcome = Outcome.failed("a result of no known kind")
        try Protobuf.forEachField(of: result) { (field, _, response) throws(WireError) in
            switch field {
            case 2: outcome = try found(response)
            case 3: outcome = .done
            case 6: outcome = .failed(try message(ofError: response))
            default: break
            }
        }
        return outcome
    }

    /// How a get ended, by its GetResponse.
    private static func found(_ response: ArraySlice<UInt8>) throws(WireError) -> Outcome {
        var siblings = 0
        try Protobuf.forEachField(of: response) { (field, _, _) throws(WireError) in
            if field == 2 { siblings += 1 }
        }
        return siblings == 0 ? .absent : siblings == 1 ? .done : .siblings
    }

    private static func message(ofError error: ArraySlice<UInt8>) throws(WireError) -> String {
        var text = ""
        try Protobuf.forEachField(of: error) { (field, _, bytes) throws(WireError) in
            if field == 2 { text = String(decoding: bytes, as: UTF8.self) }
        }
        return text
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func append(
        _ type: UInt8, flags: UInt8, stream: UInt32, _ body: [UInt8], to output: inout [UInt8]
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
