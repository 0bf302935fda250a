import NIOCore
import NIOPosix
import Synchronization

/// A TCP relay that stands for the network between two nodes: it can be cut, frozen and healed.
final class LinkProxy: Sendable {
    private enum Mode { case up, cut, frozen }

    private struct State {
        var mode = Mode.up
        var target: Int?
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    let port: Int
    private let listener: any Channel
    private let state: SharedState

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    /// Listens on a port of its own; connections are taken once there is a target.
    init(on group: any EventLoopGroup) async throws {
        let state = SharedState()
        self.state = state
        listener = try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { Self.relay($0, state: state) }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress!.port!
    }

    /// Closes every connection and takes no new ones: what the kernel does for a process that was killed.
    func cut() {
        let channels = state.value.withLock { state in
            state.mode = .cut
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Lets nothing through, without a word to either end.
    func freeze() {
        let channels = state.value.withLock { state in
            state.mode = .frozen
            return Array(state.channels.values)
        }
        for channel in channels { _ = channel.setOption(.autoRead, value: false) }
    }

    /// Relays new connections to `port` of this host.
    func setTarget(_ port: Int) {
        state.value.withLock { $0.target = port }
    }

    func heal() {
        state.value.withLock { $0.mode = .up }
    }

    func close() async throws {
        cut()
        try await listener.close()
    }

    private static func register(_ channel: any Channel, in state: SharedState) -> Bool {
        let isUp = state.value.withLock { state in
            guard state.mode == .up else { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isUp else { return false }
        channel.closeFuture.whenComplete { _ in
            state.value.withLock { _ = $0.channels.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        return true
    }

    private static func relay(_ inbound: any Channel, state: SharedState) -> EventLoopFuture<Void> {
        guard let target = state.value.withLock(\.target), register(inbound, in: state) else {
            return inbound.close()
        }
        return ClientBootstrap(group: inbound.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelInitializer { outbound in
                outbound.eventLoop.makeCompletedFuture {
                    try outbound.pipeline.syncOperations.addHandler(Relay(to: inbound))
                }
            }
            .connect(host: "127.0.0.1", port: target)
            .flatMapThrowing { outbound in
                guard register(outbound, in: state) else { throw ChannelError.ioOnClosedChannel }
                try inbound.pipeline.syncOperations.addHandler(Relay(to: outbound))
                for channel in [inbound, outbound] { _ = channel.setOption(.autoRead, value: true) }
            }
    }
}

/// Writes what it reads to the other side, and closes with it. Both sides are on one loop.
private final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel

    init(to other: any Channel) { self.other = other }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // This side takes no more: the other is not read meanwhile, so that a slow receiver is felt by the sender.
        _ = other.setOption(.autoRead, value: context.channel.isWritable)
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        other.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
