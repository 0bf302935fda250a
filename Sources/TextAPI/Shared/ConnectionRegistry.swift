import NIOCore
import Synchronization

/// What there has been of a server's connections.
public struct ConnectionStatistics: Equatable, Sendable {
    /// Now.
    public var open = 0
    /// Since the start.
    public var accepted = 0
    /// Beyond the server's limit, for want of files, or while it stopped.
    public var refused = 0

    public init() {}
}

/// The open connections of a server: counted against a limit, and ended together.
package final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var accepted = 0
        var refused = 0
    }

    /// Open when the server has quiesced and the last connection is closed.
    let empty = Latch()
    private let limit: Int
    private let reservedFiles: Int
    private let state = Mutex(State())
    /// Changes with `state` locked; read without by each reply, which tells its client if it is the last.
    private let quiescing = Atomic(false)

    /// - Parameters:
    ///   - limit: Connections at a time.
    ///   - reservedFiles: Of the files that the process may open, which no connection may take.
    package init(limit: Int, reservedFiles: Int) {
        self.limit = limit
        self.reservedFiles = reservedFiles
    }

    /// Whether the server is stopping.
    var isQuiescing: Bool { quiescing.load(ordering: .acquiring) }

    /// Why a connection is not taken in.
    enum Refusal {
        case tooManyConnections
        case noFiles
        case stopping
    }

    /// On the channel's event loop.
    ///
    /// - Returns: nil if the channel is taken in.
    func add(_ channel: any Channel) throws -> Refusal? {
        let id = ObjectIdentifier(channel)
        let takesSpareFile = try SpareFiles.isTaken(by: channel, reserved: reservedFiles)
        let refusal = state.withLock { state -> Refusal? in
            let refusal: Refusal? =
                if isQuiescing {
                    .stopping
                } else if state.channels.count >= limit {
                    .tooManyConnections
                } else if takesSpareFile {
                    .noFiles
                } else {
                    nil
                }
            if refusal != nil {
                state.refused += 1
            } else {
                state.accepted += 1
                state.channels[id] = channel
            }
            return refusal
        }
        if refusal == nil { channel.closeFuture.whenComplete { [self] _ in remove(id) } }
        return refusal
    }

    /// Any thread.
    package var statistics: ConnectionStatistics {
        state.withLock { state in
            var statistics = ConnectionStatistics()
            statistics.open = state.channels.count
            statistics.accepted = state.accepted
            statistics.refused = state.refused
            return statistics
        }
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
