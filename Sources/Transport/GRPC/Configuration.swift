import ClusterCore
import GRPCNIOTransportHTTP2Posix
import NIOCore

extension GRPCPeerTransport {
    /// Where a node listens, who it is, and the limits of its streams.
    public struct Configuration: Sendable {
        /// What the peer server binds to: a name or an address, and a port, 0 for any free one.
        public var host: String
        public var port: Int
        /// What the node says of itself. Its `maxBatchBytes` is set from the one below.
        public var hello: PeerHello
        /// The nodes to connect to at first; the one named in `hello` is left out.
        public var members: [Member]
        /// The longest batch that is sent or accepted, in bytes.
        public var maxBatchBytes = 8 << 20
        /// What may wait for one peer, in bytes, each way; `full` past it.
        public var maxQueuedBytes = 64 << 20
        public var backoff = Backoff()
        /// A peer that is silent for so long is pinged over HTTP/2 ...
        public var keepaliveTime = Duration.seconds(2)
        /// ... and is gone if the ping isn't answered in this time, at most `keepaliveTime`.
        public var keepaliveTimeout = Duration.seconds(2)
        /// From the first packet to the peer's hello.
        public var connectTimeout = Duration.seconds(5)
        /// How long a stop waits for queued batches to leave before it cuts the streams.
        public var stopTimeout = Duration.seconds(2)
        /// What the hello says instead of `maxBatchBytes`, for tests of a peer that doesn't keep to it.
        var announcedBatchBytes: Int?

        public init(host: String, port: Int, hello: PeerHello, members: [Member]) {
            self.host = host
            self.port = port
            self.hello = hello
            self.members = members
        }
    }
}

extension GRPCPeerTransport.Configuration {
    /// The hello as it goes out.
    var announcedHello: PeerHello {
        var hello = hello
        hello.maxBatchBytes = UInt32(clamping: announcedBatchBytes ?? maxBatchBytes)
        return hello
    }

    /// HTTP/2 windows let a whole batch under way, and frames are large enough that a batch is few of them.
    private var windowBytes: Int { max(maxBatchBytes, 1 << 20) }
    private var frameBytes: Int { 1 << 18 }

    /// grpc-swift's timer goes on while an answer is awaited, and each ping begins the wait anew: a wait longer than
    /// the interval would never end.
    private var pingTimeout: Duration { min(keepaliveTimeout, keepaliveTime) }

    var server: HTTP2ServerTransport.Posix.Config {
        .defaults { config in
            config.connection.flushCoalescing = nil
            config.connection.keepalive = .init(
                time: keepaliveTime, timeout: pingTimeout,
                clientBehavior: .init(
                    // Below any interval a peer would use: pings are how peers watch each other here.
                    minPingIntervalWithoutCalls: .milliseconds(10), allowWithoutCalls: true))
            config.http2.targetWindowSize = windowBytes
            config.http2.maxFrameSize = frameBytes
            config.rpc.maxRequestPayloadSize = PeerExchange.receiveLimit(maxBatchBytes: maxBatchBytes)
        }
    }

    var client: HTTP2ClientTransport.Posix.Config {
        .defaults { config in
            config.connection.flushCoalescing = nil
            config.connection.maxIdleTime = nil
            config.connection.keepalive = .init(
                time: keepaliveTime, timeout: pingTimeout, allowWithoutCalls: true)
            config.http2.targetWindowSize = windowBytes
            config.http2.maxFrameSize = frameBytes
        }
    }

    /// The bind address: names are resolved here, once, since the server takes addresses only.
    func bindAddress() throws -> GRPCNIOTransportHTTP2Posix.SocketAddress {
        let address = try NIOCore.SocketAddress.makeAddressResolvingHost(host, port: port)
        let text = address.ipAddress ?? host
        return address.protocol == .inet6 ? .ipv6(host: text, port: port) : .ipv4(host: text, port: port)
    }
}
