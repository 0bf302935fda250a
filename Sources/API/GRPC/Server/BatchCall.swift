import Access
import Cluster
import ClusterCore
import NIOCore
import NIOHTTP2
import ProtoWire
import TextAPI

/// A call that is several requests of one kind.
final class BatchCall: SingleCall {
    private let decode: RequestCall.Decode
    private let reply: ReplyMessage
    private let timeoutMillis: Int?
    private let trace: TraceContext?
    /// Of entries that break a rule: those fail by themselves.
    private var refusals: [Int: RequestError] = [:]

    /// - Parameter decode: An entry.
    init(
        _ decode: @escaping RequestCall.Decode, _ reply: ReplyMessage, timeoutMillis: Int?,
        trace: TraceContext?, stream: HTTP2StreamID, connection: GRPCConnectionHandler
    ) {
        self.decode = decode
        self.reply = reply
        self.timeoutMillis = timeoutMillis
        self.trace = trace
        super.init(stream: stream, connection: connection)
    }

    override func begin(_ message: ByteBuffer) throws(GRPCFailure) {
        let limits = shared.limits
        let entries = try ProtoMessage.decode(message) {
            [decode] (reader: inout ProtoReader) throws(ProtoError) in
            try Request.decodeBatch(&reader, limit: limits.maxBatchEntries, entry: decode)
        }
        do throws(RequestError) { try connection.beginRequest() } catch { throw GRPCFailure(error) }
        let accepted = accept(entries)
        let count = entries.count
        let loop = connection.loop
        let me = NIOLoopBound(self, eventLoop: loop)
        shared.service.submit(
            accepted, from: RequestSource(.grpc, user: caller.user, trace: trace), as: reply,
            replyBytes: limits.maxMessageBytes
        ) { responses in
            if loop.inEventLoop {
                me.value.answer(responses, to: count)
            } else {
                loop.execute { me.value.answer(responses, to: count) }
            }
        }
    }

    private func accept(_ entries: [Request]) -> [Request] {
        var accepted: [Request] = []
        for (index, var request) in entries.enumerated() {
            do throws(RequestError) {
                try caller.check(reply.operation, bucket: request.bucket)
                try shared.rules.apply(to: &request)
                request.shorten(to: timeoutMillis, default: shared.limits.defaultTimeoutMillis)
                accepted.append(request)
            } catch {
                refusals[index] = error
            }
        }
        return accepted
    }

    private func answer(_ responses: [Response], to count: Int) {
        connection.endRequest()
        if isOver { return }
        var served = responses.makeIterator()
        var writer = ProtoWriter()
        for index in 0..<count {
            let response =
                refusals[index].map(Response.failed) ?? served.next()
                ?? .failed(RequestError(.internal, "an entry of the batch got no response"))
            writer.batchResult(connection.sendable(response, as: reply), as: reply)
        }
        send(writer.bytes)
        end()
    }
}
