import Cluster
import ClusterCore
import GRPCCore
import GRPCWire
import Logging
import NIOCore
import NIOHPACK
import TLS

/// The called end of a stream: checks who calls, and hands the requests on. Lives on the stream's event loop.
final class CalleeRole: ExchangeRole {
    private let server: PeerServer
    private let connection: any Channel
    private let outbox: Outbox
    /// What is said of the caller in the log: its address until it has said its name.
    private var subject: String
    private var peer: NodeID?
    private var helloIsDue: Scheduled<Void>?
    private var hasResponded = false
    private var hasPeerEnded = false
    private var hasEnded = false

    init(of server: PeerServer, on connection: any Channel, outbox: Outbox) {
        self.server = server
        self.connection = connection
        self.outbox = outbox
        subject = connection.remoteAddress?.ipAddress ?? "unknown"
    }

    private var address: String {
        guard let address = connection.remoteAddress else { return "unknown" }
        return "\(address.ipAddress ?? ""):\(address.port ?? 0)"
    }

    private func end(_ status: Status, _ stream: ExchangeStream<CalleeRole>) {
        guard !hasEnded else { return }
        hasEnded = true
        outbox.close()
        stream.end(PeerExchange.end(status, isAll: !hasResponded))
        server.ended(on: connection)
    }

    // MARK: ExchangeRole

    /// A stranger's first message is held only if it may be a hello.
    var maxMessageBytes: Int {
        peer == nil ? Admission.maxHelloBytes : server.configuration.maxBatchBytes
    }

    func began(_ stream: ExchangeStream<CalleeRole>) {
        outbox.begin()
        guard server.began(outbox, on: connection) else { return end(.stopping, stream) }
        let loop = connection.eventLoop
        let timeout = TimeAmount(server.configuration.connectTimeout)
        helloIsDue = loop.assumeIsolated().scheduleTask(in: timeout) { [self] in
            if outbox.isOpening {
                refused(Refusal(.helloTimedOut, "it has sent no hello in time"), on: stream)
            }
        }
        stream.sendFromOutbox()
    }

    func received(headers: HPACKHeaders, on stream: ExchangeStream<CalleeRole>) {
        // What follows the first ones are the trailers of a caller that ends.
        guard peer == nil, let refusal = PeerExchange.refusal(of: headers) else { return }
        end(refusal, stream)
    }

    func received(message: [UInt8], on stream: ExchangeStream<CalleeRole>) throws(Refusal) {
        guard !hasEnded else { return }
        if let peer {
            server.inbox.received(message.count)
            server.handler.received(requests: message, from: peer, replies: outbox)
        } else if !hasResponded {
            // Else the server stops, and the end is on its way.
            try open(try server.admission.decode(message), stream)
        }
    }

    private func open(_ hello: PeerHello, _ stream: ExchangeStream<CalleeRole>) throws(Refusal) {
        subject = hello.nodeName.shortened
        try server.admission.check(hello, proven: TLSEndpoint.certificate(on: connection)?.identity)
        hasResponded = true
        stream.send(headers: ReplyHeaders.begin)
        stream.send(message: server.configuration.announcedHello.encode())
        let limit = server.admission.batchLimit(
            with: hello, maxBatchBytes: server.configuration.maxBatchBytes)
        // It has been finished if the server stops, and the end follows.
        guard outbox.open(batchLimit: limit) else { return }
        let peer = NodeID(name: hello.nodeName)
        self.peer = peer
        server.admitted(peer, named: hello.nodeName, address: address)
    }

    func refused(_ refusal: Refusal, on stream: ExchangeStream<CalleeRole>) {
        guard !hasEnded else { return }
        server.log("a peer's stream is refused", refusal.reason, subject: subject, address: address)
        end(refusal.status, stream)
    }

    func peerEnded(on stream: ExchangeStream<CalleeRole>) {
        hasPeerEnded = true
        outbox.finish()
    }

    func drained(_ stream: ExchangeStream<CalleeRole>) {
        end(hasPeerEnded ? Status(code: .ok, message: "") : .stopping, stream)
    }

    func ended(_ error: (any Error)?) {
        helloIsDue?.cancel()
        outbox.close()
        server.ended(on: connection)
        guard !hasEnded else { return }
        hasEnded = true
        let end = error.map { StreamEnd($0) } ?? .lost("the stream has broken off")
        server.log("a peer's stream is lost", end.reason, subject: subject, address: address)
    }
}

extension Status {
    fileprivate static let stopping = Status(code: .unavailable, message: "the node stops")
}
