import Access
import Cluster
import ClusterCore
import NIOHTTP2

/// What the server can be asked for, by the paths of HTTP/2.
struct MethodTable: Sendable {
    enum Method: Sendable {
        case request(RequestCall.Decode, ReplyMessage)
        /// With how an entry is decoded.
        case batch(RequestCall.Decode, ReplyMessage)
        case session
        case control(ControlMethod)
    }

    struct Entry: Sendable {
        var method: Method
        /// What it is, as far as rights are concerned.
        var operation: Operation
    }

    private var methods: [String: Entry] = [:]

    subscript(path: String) -> Entry? { methods[path] }

    /// - Parameters:
    ///   - name: With the service's: `kvnode.v1.KeyValue/Get`. `GRPCRules` has a rule for it.
    ///   - path: By which it is asked for, if not by its name.
    mutating func add(_ name: String, at path: String? = nil, _ method: Method) {
        guard let operation = GRPCRules.operations[name] else {
            preconditionFailure("\(name) has no rule in GRPCRules")
        }
        methods[path ?? "/" + name] = Entry(method: method, operation: operation)
    }
}

extension GRPCConnectionHandler {
    /// The call that a client has begun.
    func makeCall(_ entry: MethodTable.Entry, _ head: CallHead, _ stream: HTTP2StreamID) -> Call {
        switch entry.method {
        case .request(let decode, let reply):
            return RequestCall(
                decode, reply, timeoutMillis: head.timeoutMillis, trace: trace(of: head), stream: stream,
                connection: self)
        case .batch(let decode, let reply):
            return BatchCall(
                decode, reply, timeoutMillis: head.timeoutMillis, trace: trace(of: head), stream: stream,
                connection: self)
        // It may go on for days: no trace could hold all of its operations.
        case .session:
            let call = SessionCall(stream: stream, connection: self)
            call.setDeadline(head.timeoutMillis)
            return call
        case .control(let method):
            return ControlCall(
                method, entry.operation, timeoutMillis: head.timeoutMillis, stream: stream, connection: self)
        }
    }

    /// The trace that a call is part of; nil if its client names none, or none that can be read, or nobody would record it.
    private func trace(of head: CallHead) -> TraceContext? {
        guard let header = head.traceparent, shared.service.isTracing else { return nil }
        return TraceContext(traceparent: header)
    }
}
