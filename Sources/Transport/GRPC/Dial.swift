import NIOCore
import NIOHTTP2
import NIOPosix
import TLS

/// A connection to a peer, from the attempt to make it to its end, with one stream on it. Lives on one event loop.
final class Dial<Role: ExchangeRole> {
    private let loop: any EventLoop
    /// Connections, also those that are not yet up.
    private var sockets: [any Channel] = []
    /// The one that has the stream.
    private var socket: (any Channel)?
    private var isClosed = false

    init(on loop: any EventLoop) { self.loop = loop }

    /// Connects, and opens a stream for `role`, which hears by `ended` if that fails. A name is resolved anew, since a peer
    /// may move.
    ///
    /// - Parameters:
    ///   - address: `host:port`, with an IPv6 host in brackets.
    ///   - peer: The node that is expected there, if it is known.
    func begin(
        _ address: String, peer: String? = nil, _ configuration: GRPCPeerTransport.Configuration, role: Role,
        outbox: Outbox
    ) {
        let (host, port) = Self.hostAndPort(address)
        let bound = NIOLoopBound((dial: self, role: role), eventLoop: loop)
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard !bound.value.dial.isClosed else { throw ChannelError.eof }
                    bound.value.dial.sockets.append(channel)
                    try configuration.configure(
                        channel, .client, to: peer, ExchangeConnection<Role>(window: configuration.window))
                }
            }
        // The resolver's queue is one for all, and a name in it may take long.
        let numeric = try? SocketAddress(ipAddress: host, port: port)
        (numeric.map { bootstrap.connect(to: $0) } ?? bootstrap.connect(host: host, port: port))
            .whenComplete { result in
                let (dial, role) = bound.value
                do {
                    try dial.openStream(on: result.get(), role, outbox)
                } catch {
                    role.ended(error)
                }
            }
    }

    private func openStream(on channel: any Channel, _ role: Role, _ outbox: Outbox) throws {
        guard !isClosed else { return }
        socket = channel
        let connection = try channel.pipeline.syncOperations.handler(type: ExchangeConnection<Role>.self)
        connection.open(ExchangeStream(role, outbox: outbox))
    }

    /// The node that the other end has proved to be; nil without TLS.
    var provenIdentity: CertificateIdentity? {
        socket.flatMap { TLSEndpoint.certificate(on: $0)?.identity }
    }

    /// Ends whatever is under way; calls `whenClosed` when nothing of it is left.
    func close(whenClosed: @escaping () -> Void) {
        isClosed = true
        let bound = NIOLoopBound(whenClosed, eventLoop: loop)
        EventLoopFuture.andAllComplete(sockets.map(\.closeFuture), on: loop).whenComplete { _ in bound.value()
        }
        for socket in sockets { socket.close(promise: nil) }
    }

    private static func hostAndPort(_ address: String) -> (host: String, port: Int) {
        guard let colon = address.lastIndex(of: ":") else { return (address, 0) }
        var host = address[..<colon]
        if host.first == "[", host.last == "]" { host = host.dropFirst().dropLast() }
        return (String(host), Int(address[address.index(after: colon)...]) ?? 0)
    }
}
