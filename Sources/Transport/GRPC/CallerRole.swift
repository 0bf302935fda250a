import Cluster
import ClusterCore
import Logging
import NIOCore
import NIOHPACK

/// One attempt to reach a peer: a connection, the stream on it, and its use to the end. Lives on one event loop.
final class CallerRole: ExchangeRole {
    private let member: Member
    private let configuration: GRPCPeerTransport.Configuration
    private let admission: Admission
    private let handler: any PeerHandler
    private let outbox: Outbox
    private let meter: LinkMeter
    private let logger: Logger
    private let dial: Dial<CallerRole>
    private var isUp = false
    private var hasEnded = false
    private var whenEnded: (StreamEnd, _ wasUp: Bool) -> Void = { _, _ in }

    init(
        to member: Member, configuration: GRPCPeerTransport.Configuration, admission: Admission,
        handler: any PeerHandler, outbox: Outbox, meter: LinkMeter, loop: any EventLoop, logger: Logger
    ) {
        self.meter = meter
        self.member = member
        self.configuration = configuration
        self.admission = admission
        self.handler = handler
        self.outbox = outbox
        dial = Dial(on: loop)
        self.logger = logger
    }

    func begin(whenEnded: @escaping (StreamEnd, _ wasUp: Bool) -> Void) {
        self.whenEnded = whenEnded
        dial.begin(member.address, peer: member.name, configuration, role: self, outbox: outbox)
    }

    /// Ends whatever is under way.
    func cut() { end(.finished("this node has ended the stream")) }

    private func end(_ end: StreamEnd) {
        guard !hasEnded else { return }
        hasEnded = true
        outbox.close()
        if isUp { handler.disconnected(member.id, reason: end.reason) }
        dial.close { [self] in whenEnded(end, isUp) }
    }

    // MARK: ExchangeRole

    var maxMessageBytes: Int { isUp ? configuration.maxBatchBytes : Admission.maxHelloBytes }

    func began(_ stream: ExchangeStream<CallerRole>) {
        stream.send(headers: PeerExchange.request(to: member.address, isSecure: configuration.tls != nil))
        stream.send(message: configuration.announcedHello.encode())
        stream.sendFromOutbox()
    }

    func received(headers: HPACKHeaders, on stream: ExchangeStream<CallerRole>) {
        if let status = PeerExchange.status(in: headers) { end(StreamEnd(status)) }
    }

    func received(message: [UInt8], on stream: ExchangeStream<CallerRole>) throws(Refusal) {
        guard !hasEnded else { return }
        if isUp {
            meter.replies.received(message.count)
            handler.received(replies: message, from: member.id)
        } else {
            let hello = try admission.decode(message)
            try admission.check(hello, expected: member, proven: dial.provenIdentity)
            open(hello)
        }
    }

    private func open(_ hello: PeerHello) {
        let limit = admission.batchLimit(with: hello, maxBatchBytes: configuration.maxBatchBytes)
        guard outbox.open(batchLimit: limit) else { return cut() }
        isUp = true
        meter.isUp()
        logger.info(
            "connected to the peer",
            metadata: [
                "address": "\(member.address)", "engine": "\(hello.engine)",
                "version": "\(hello.softwareVersion)",
            ])
        handler.connected(member.id, hello)
    }

    func refused(_ refusal: Refusal, on stream: ExchangeStream<CallerRole>) { end(.refused(refusal)) }

    func peerEnded(on stream: ExchangeStream<CallerRole>) {
        end(.lost("the peer has ended the stream without a word"))
    }

    /// The called node sends the replies that it has, and its status.
    func drained(_ stream: ExchangeStream<CallerRole>) { stream.endSending() }

    func ended(_ error: (any Error)?) {
        end(error.map { StreamEnd($0) } ?? .lost("the stream has broken off"))
    }
}
