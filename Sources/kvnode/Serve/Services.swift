import Cluster
import ClusterCore
import ServiceLifecycle
import Transport

/// A server for clients under the lifecycle's control.
struct ServerService: Service {
    /// The key that says where it listens.
    var name: String
    var listen: HostPort
    var serve: @Sendable () async throws -> Void
    var stop: @Sendable () -> Void

    func run() async throws {
        do {
            try await withGracefulShutdownHandler(operation: serve, onGracefulShutdown: stop)
        } catch {
            throw ServeError("the server of \(name) (\(listen)) failed: \(error)")
        }
    }
}

/// The streams to and from the peers.
struct PeerService: Service {
    var transport: GRPCPeerTransport
    var listen: HostPort

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await transport.run() }
        } catch {
            throw ServeError("the server of peer.listen (\(listen)) failed: \(error)")
        }
    }
}

/// Keeps the peers' streams open until the requests under way have their answers.
struct DrainService: Service {
    var node: ClusterNode

    func run() async throws {
        // A shutdown that isn't graceful ends the wait as well; requests end before the engine closes in any case.
        try? await gracefulShutdown()
        await node.drain()
    }
}

/// Ends the node if another living process has its name.
struct ConflictService: Service {
    private let conflicts: AsyncStream<MemberRecord>

    /// To be made before the node has its transport.
    init(node: ClusterNode) {
        let (conflicts, found) = AsyncStream<MemberRecord>.makeStream()
        node.whenConflicted { found.yield($0) }
        self.conflicts = conflicts
    }

    func run() async throws {
        for await other in conflicts.cancelOnGracefulShutdown() {
            throw ServeError(
                """
                another node of the cluster, at \(other.address), has the name "\(other.name)" and was started before \
                this one: give each node a node.name and a data directory of its own
                """)
        }
    }
}

/// Why a node cannot serve, in words for its operator.
struct ServeError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
