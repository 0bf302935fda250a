/// gRPC, a call of its own for each operation.
public struct UnaryWire: Wire {
    /// Whose calls.
    public enum Service: Sendable {
        case kvnode(bucket: String)
        /// `etcdserverpb.KV`: `Put`, and `Range` of one key, which is linearizable.
        case etcd
    }

    private struct Call {
        var number: UInt64
        var kind: Request.Kind
        var message: [UInt8] = []
    }

    private let service: Service
    private var framing = HTTP2Framing()
    private var server = ""
    private var next: UInt64 = 0
    private var calls: [UInt32: Call] = [:]
    private var headers: [String: [UInt8]] = [:]

    public init(_ service: Service) { self.service = service }

    public mutating func opening(server: String) -> [UInt8] {
        self.server = server
        return framing.opening()
    }

    public mutating func append(_ request: Request, to output: inout [UInt8]) -> Bool {
        let (path, message) = call(request)
        guard message.count + 5 <= min(framing.connectionWindow, framing.initialWindow) else { return false }
        let stream = UInt32(truncatingIfNeeded: 2 * next + 1)
        calls[stream] = Call(number: next, kind: request.kind)
        next += 1
        if headers[path] == nil { headers[path] = HTTP2Framing.headers(path: path, server: server) }
        framing.appendCall(stream: stream, headers: headers[path]!, to: &output)
        framing.append(message: message, stream: stream, isLast: true, to: &output)
        return true
    }

    private func call(_ request: Request) -> (path: String, message: [UInt8]) {
        switch service {
        case .kvnode(let bucket):
            let method =
                switch request.kind {
                case .read: "Get"
                case .write: "Put"
                case .delete: "Delete"
                case .list: "List"
                }
            return ("/kvnode.v1.KeyValue/\(method)", KVNodeMessages.request(request, bucket: bucket))
        case .etcd:
            var message: [UInt8] = []
            Protobuf.append(request.key, field: 1, to: &message)
            switch request.kind {
            case .write:
                Protobuf.append(request.value, field: 2, to: &message)
                return ("/etcdserverpb.KV/Put", message)
            case .read: return ("/etcdserverpb.KV/Range", message)
            case .delete: return ("/etcdserverpb.KV/DeleteRange", message)
            case .list: preconditionFailure("etcd is asked for no lists here")
            }
        }
    }

    public mutating func receive(
        _ input: ArraySlice<UInt8>, reply output: inout [UInt8], _ ended: (UInt64, Outcome) -> Void
    ) throws(WireError) -> Int {
        var calls = calls
        self.calls = [:]
        let service = service
        let used = try framing.receive(input, reply: &output) { (stream, event) throws(WireError) in
            switch event {
            case .data(let bytes): calls[stream]?.message += bytes
            case .ended:
                guard let call = calls.removeValue(forKey: stream) else { return }
                ended(call.number, try Self.outcome(call, service))
            case .window: break
            }
        }
        self.calls = calls
        return used
    }

    /// A call that failed has trailers only.
    private static func outcome(_ call: Call, _ service: Service) throws(WireError) -> Outcome {
        guard call.message.count >= 5,
            call.message.count == 5 + Int(HTTP2Framing.number(call.message[1...]))
        else { return .failed("the call ended without a message") }
        guard call.kind == .read else { return .done }
        let response = call.message.dropFirst(5)
        guard case .etcd = service else { return try KVNodeMessages.found(response) }
        var values = 0
        try Protobuf.forEachField(of: response) { (field, _, _) throws(WireError) in
            if field == 2 { values += 1 }
        }
        return .found(values: values, context: [])
    }
}
