/// A `kvnode.v1.KeyValue/Session` stream: many operations on one gRPC call, whose replies come in any order.
public struct SessionWire: Wire {
    private static let stream: UInt32 = 1

    private let bucket: String
    private var framing = HTTP2Framing()
    /// Bytes that the server lets us send on the stream, those of its initial window left out.
    private var extraWindow = 0
    private var next: UInt64 = 0
    /// gRPC messages, as far as they have come.
    private var messages: [UInt8] = []

    public init(bucket: String) { self.bucket = bucket }

    public mutating func opening(server: String) -> [UInt8] {
        var output = framing.opening()
        let headers = HTTP2Framing.headers(path: "/kvnode.v1.KeyValue/Session", server: server)
        framing.appendCall(stream: Self.stream, headers: headers, to: &output)
        return output
    }

    public mutating func append(_ request: Request, to output: inout [UInt8]) -> Bool {
        let field: UInt8 =
            switch request.kind {
            case .read: 2
            case .write: 3
            case .delete: 4
            case .list: 5
            }
        var operation: [UInt8] = []
        Protobuf.append(next, field: 1, to: &operation)
        Protobuf.append(KVNodeMessages.request(request, bucket: bucket), field: field, to: &operation)
        var message: [UInt8] = []
        Protobuf.append(operation, field: 1, to: &message)
        let size = message.count + 5
        guard size <= framing.connectionWindow, size <= framing.initialWindow + extraWindow else {
            return false
        }
        extraWindow -= size
        next += 1
        framing.append(message: message, stream: Self.stream, isLast: false, to: &output)
        return true
    }

    public mutating func receive(
        _ input: ArraySlice<UInt8>, reply output: inout [UInt8], _ ended: (UInt64, Outcome) -> Void
    ) throws(WireError) -> Int {
        var (messages, more) = (messages, 0)
        self.messages = []
        var hasEnded = false
        let used = try framing.receive(input, reply: &output) { (_, event) throws(WireError) in
            switch event {
            case .data(let bytes): messages += bytes
            case .window(let increment): more += increment
            case .ended: hasEnded = true
            }
        }
        extraWindow += more
        var place = 0
        while messages.count - place >= 5 {
            let length = Int(HTTP2Framing.number(messages[(place + 1)...]))
            guard messages.count - place >= 5 + length else { break }
            try Protobuf.forEachField(of: messages[(place + 5)..<(place + 5 + length)]) {
                (field, _, result) throws(WireError) in
                guard field == 1 else { return }
                let (id, outcome) = try Self.outcome(result)
                ended(id, outcome)
            }
            place += 5 + length
        }
        messages.removeFirst(place)
        self.messages = messages
        // What was answered before counts.
        if hasEnded { throw WireError(isBroken: true, "the server ended the session") }
        return used
    }

    private static func outcome(_ result: ArraySlice<UInt8>) throws(WireError) -> (UInt64, Outcome) {
        var id: UInt64 = 0
        var outcome = Outcome.failed("a result of no known kind")
        try Protobuf.forEachField(of: result) { (field, number, response) throws(WireError) in
            switch field {
            case 1: id = number
            case 2: outcome = try KVNodeMessages.found(response)
            case 3, 4, 5: outcome = .done
            case 6: outcome = .failed(try KVNodeMessages.message(ofError: response))
            default: break
            }
        }
        return (id, outcome)
    }
}
