import Cluster
import ClusterCore
import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix

/// One attempt to reach a peer: a connection, the stream on it, and its use to the end. Lives on one event loop.
final class CallerRole: ExchangeRole {
    private let member: Member
    private let configuration: GRPCPeerTransport.Configuration
    private let admission: Admission
    private let handler: any PeerHandler
    private let outbox: Outbox
    private let logger: Logger
    private let loop: any EventLoop
    /// Connections, also those that are not yet up.
    private var sockets: [any Channel] = []
    private var isUp = false
    private var hasEnded = false
    private var whenEnded: (StreamEnd, _ wasUp: Bool) -> Void = { _, _ in }

    init(
        to member: Member, configuration: GRPCPeerTransport.Configuration, admission: Admission,
        handler: any PeerHandler, outbox: Outbox, loop: any EventLoop, logger: Logger
    ) {
        self.member = member
        self.configuration = configuration
        self.admission = admission
        self.handler = handler
        self.outbox = outbox
        self.loop = loop
        self.logger = logger
    }

    // MARK: The connection

    /// Connects. A name is resolved anew, since a peer may move.
    func begin(whenEnded: @escaping (StreamEnd, _ wasUp: Bool) -> Void) {
        self.whenEnded = whenEnded
        let (host, port) = member.hostAndPort
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelInitializer { [configuration] channel in
                channel.eventLoop.makeCompletedFuture {
                    bound.value.sockets.append(channel)
                    try ConnectionWatch.configure(channel, .client, configuration) { $0.close() }
                }
            }
            .connect(host: host, port: port)
            .whenComplete { bound.value.connected($0) }
    }

    private func connected(_ result: Result<any Channel, any Error>) {
        do {
            let channel = try result.get()
            guard !hasEnded else { return channel.close(promise: nil) }
            try openStream(on: channel)
        } catch {
            end(StreamEnd(error))
        }
    }

    private func openStream(on channel: any Channel) throws {
        let bound = NIOLoopBound(self, eventLoop: loop)
        channel.closeFuture.whenComplete { _ in bound.value.ended(nil) }
        let connection = try channel.pipeline.syncOperations.handler(type: NIOHTTP2Handler.self)
        let opened = loop.makePromise(of: (any Channel).self)
        try connection.syncMultiplexer().createStreamChannel(promise: opened) { channel in
            channel.eventLoop.makeCompletedFuture {
                let call = bound.value
                try channel.pipeline.syncOperations.addHandler(ExchangeStream(call, outbox: call.outbox))
            }
        }
        opened.futureResult.whenFailure { bound.value.end(StreamEnd($0)) }
    }

    /// Ends whatever is under way.
    func cut() { end(.finished("this node has ended the stream")) }

    private func end(_ end: StreamEnd) {
        guard !hasEnded else { return }
        hasEnded = true
        outbox.close()
        if isUp { handler.disconnected(member.id, reason: end.reason) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        EventLoopFuture.andAllComplete(sockets.map(\.closeFuture), on: loop).whenComplete { _ in
            let call = bound.value
            call.whenEnded(end, call.isUp)
        }
        for socket in sockets { socket.close(promise: nil) }
    }

    // MARK: ExchangeRole

    var maxMessageBytes: Int { configuration.maxBatchBytes }

    func began(_ stream: ExchangeStream<CallerRole>) {
        stream.send(headers: PeerExchange.request(to: member.address))
        stream.send(message: configuration.announcedHello.encode())
        stream.sendFromOutbox()
    }

    func received(headers: HPACKHeaders, on stream: ExchangeStream<CallerRole>) {
        if let status = PeerExchange.status(in: headers) { end(StreamEnd(status)) }
    }

    func received(message: [UInt8], on stream: ExchangeStream<CallerRole>) throws(Refusal) {
        guard !hasEnded else { return }
        if isUp {
            handler.received(replies: message, from: member.id)
        } else {
            let hello = try admission.decode(message)
            try admission.check(hello, expected: member)
            open(hello)
        }
    }

    private func open(_ hello: PeerHello) {
        let limit = admission.batchLimit(with: hello, maxBatchBytes: configuration.maxBatchBytes)
        guard outbox.open(batchLimit: limit) else { return cut() }
        isUp = true
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

extension Member {
    /// `host:port`, with an IPv6 host in brackets.
    fileprivate var hostAndPort: (host: String, port: Int) {
        guard let colon = address.lastIndex(of: ":") else { return (address, 0) }
        var host = address[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        return (String(host), Int(address[address.index(after: colon)...]) ?? 0)
    }
}
