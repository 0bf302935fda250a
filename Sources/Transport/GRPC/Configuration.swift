import ClusterCore
import GRPCWire
import NIOCore
import NIOHPACK
import NIOHTTP2
import TLS

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
        /// ... and is gone if the ping isn't answered in this time.
        public var keepaliveTimeout = Duration.seconds(2)
        /// From the first packet to the peer's hello.
        public var connectTimeout = Duration.seconds(5)
        /// How long a stop waits for queued batches to leave before it cuts the streams.
        public var stopTimeout = Duration.seconds(2)
        /// By which the nodes prove to each other who they are, both ways; its server has to ask for certificates. Nil for plain text.
        public var tls: TLSEndpoint?
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

    var window: ReceiveWindow { ReceiveWindow(bytes: windowBytes) }

    func http2(_ mode: NIOHTTP2Handler.ParserMode) -> NIOHTTP2Handler.ConnectionConfiguration {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        // The peers' pings and the answers to ours count against it: room for four times as many as there are.
        let perPing = keepaliveTime / .seconds(30)
        connection.controlFrameRateLimit.maximumCount += perPing > 0 ? Int(min(8 / perPing, 1e6)) : 0
        connection.initialSettings = [
            HTTP2Setting(parameter: .initialWindowSize, value: windowBytes),
            HTTP2Setting(parameter: .maxFrameSize, value: frameBytes),
            HTTP2Setting(parameter: .maxHeaderListSize, value: HPACKDecoder.defaultMaxHeaderListSize),
            // A peer has one stream here; its server pushes nothing.
            mode == .server
                ? HTTP2Setting(parameter: .maxConcurrentStreams, value: 1)
                : HTTP2Setting(parameter: .enablePush, value: 0),
        ]
        return connection
    }
}
