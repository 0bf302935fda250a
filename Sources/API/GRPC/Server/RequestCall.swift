import Access
import Cluster
import ClusterCore
import NIOCore
import NIOHTTP2
import ProtoWire
import TextAPI

/// A call that is one request of the store.
final class RequestCall: SingleCall {
    typealias Decode = @Sendable (inout ProtoReader) throws(ProtoError) -> Request

    private let decode: Decode
    private let reply: ReplyMessage
    private let timeoutMillis: Int?
    private let trace: TraceContext?

    init(
        _ decode: @escaping Decode, _ reply: ReplyMessage, timeoutMillis: Int?, trace: TraceContext?,
        stream: HTTP2StreamID, connection: GRPCConnectionHandler
    ) {
        self.decode = decode
        self.reply = reply
        self.timeoutMillis = timeoutMillis
        self.trace = trace
        super.init(stream: stream, connection: connection)
    }

    override func begin(_ message: ByteBuffer) throws(GRPCFailure) {
        var request = try ProtoMessage.decode(message, decode)
        do throws(RequestError) {
            try caller.check(reply.operation, bucket: request.bucket)
            try shared.rules.apply(to: &request)
            try connection.beginRequest()
        } catch {
            throw GRPCFailure(error)
        }
        request.shorten(to: timeoutMillis, default: shared.limits.defaultTimeoutMillis)
        let loop = connection.loop
        let me = NIOLoopBound(self, eventLoop: loop)
        let source = RequestSource(.grpc, user: caller.user, trace: trace)
        shared.service.submit(request, from: source) { response in
            if loop.inEventLoop {
                me.value.answer(response)
            } else {
                loop.execute { me.value.answer(response) }
            }
        }
    }

    private func answer(_ response: Response) {
        connection.endRequest()
        if isOver { return }
        let response = connection.sendable(reply.presentable(response), as: reply)
        if case .failed(let error) = response { return fail(GRPCFailure(error)) }
        var writer = ProtoWriter()
        writer.reserve(ProtoSize.body(response, as: reply))
        writer.body(response, as: reply)
        send(writer.bytes)
        end()
    }
}
