import NIOCore
import Synchronization

/// The open connections of a server: counted against a limit, and ended together.
package final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    /// Open when the server has quiesced and the last connection is closed.
    let empty = Latch()
    private let limit: Int
    private let state = Mutex(State())
    /// Changes with `state` locked; read without by each reply, which tells its client if it is the last.
    private let quiescing = Atomic(false)

    package init(limit: Int) { self.limit = limit }

    /// Whether the server is stopping.
    var isQuiescing: Bool { quiescing.load(ordering: .acquiring) }

    /// - Returns: false if there are too many, or the server is stopping; the channel isn't taken in then.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let added = state.withLock { state in
            guard !isQuiescing, state.channels.count < limit else { return false }
            state.channels[id] = channel
            return true
        }
        if added { channel.closeFuture.whenComplete { [self] _ in remove(id) } }
        return added
    }

    private func remove(_ id: ObjectIdentifier) {
        let isEmpty = state.withLock { state in
            state.channels[id] = nil
            return isQuiescing && state.channels.isEmpty
        }
        if isEmpty { empty.open() }
    }

    /// Lets each connection finish the request that it is at, and takes no more.
    func quiesce() {
        let channels = state.withLock { state in
            quiescing.store(true, ordering: .releasing)
            return Array(state.channels.values)
        }
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        if channels.isEmpty { empty.open() }
    }

    func closeAll() {
        for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
