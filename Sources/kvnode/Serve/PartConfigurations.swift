import API
import Cluster
import ClusterCore
import NIOCore
import TLS
import TextAPI
import Transport

/// What each part of a node is told, from the one configuration.
extension NodeConfiguration {
    func clusterConfiguration() throws -> ClusterConfiguration {
        let make = cluster.join ? Layout.unknown : Layout.initial
        let layout = try make(cluster.members, cluster.partitions, cluster.replication)
        var configuration = ClusterConfiguration(
            clusterName: cluster.name, nodeName: node.name, layout: layout, bucketDefaults: bucketDefaults,
            durability: engine.durability, defaultTimeout: TimeAmount(requests.timeout),
            maxTimeout: TimeAmount(requests.maxTimeout), maxInFlightPerLoop: requests.maxInFlight,
            maxValueSize: requests.maxValueBytes,
            maxStateSize: maxStateSize, readFanout: requests.readFanout,
            hedgeDelay: TimeAmount(requests.hedgeDelay), layouts: layouts, handoff: handoff,
            antiEntropy: antiEntropy, reaping: reaping,
            gossip: GossipConfiguration(
                address: advertisedAddress, engine: engine.type, softwareVersion: Version.current,
                settings: gossip),
            maxClockDrift: TimeAmount(cluster.maxClockDrift))
        configuration.maxWait = TimeAmount(requests.maxWait)
        configuration.minInFlightPerLoop = requests.minInFlight
        configuration.maxInFlightBytesPerLoop = requests.maxInFlightBytes
        configuration.workloadSampleEvery = requests.workloadSampleEvery
        configuration.maxCountedBuckets = metrics.maxBuckets
        configuration.logRepeatInterval = TimeAmount(log.repeatInterval)
        configuration.slowRequests = log.slowRequests
        configuration.tracing = sampling
        configuration.respPort = UInt16(resp.listen.port)
        return configuration
    }

    /// Where the others find this node: what is set, else what the list of members says, else where it listens.
    private var advertisedAddress: String {
        if let address = peer.advertise { return address.description }
        return cluster.members.first { $0.name == node.name }?.address ?? peer.listen.description
    }

    /// Half of what a peer takes in one message, since siblings from two sides of a partition come together; one value of
    /// the largest size has room in any case.
    private var maxStateSize: Int {
        max(peer.maxBatchBytes / 2, requests.maxValueBytes + ConfigurationRules.messageOverhead)
    }

    func transportConfiguration(
        of clusterNode: ClusterNode, _ tls: TLSEndpoint?
    ) -> GRPCPeerTransport.Configuration {
        transportConfiguration(
            clusterNode.hello(
                maxBatchBytes: peer.maxBatchBytes, engine: engine.type, softwareVersion: Version.current),
            tls)
    }

    func transportConfiguration(
        _ hello: PeerHello, _ tls: TLSEndpoint?
    ) -> GRPCPeerTransport.Configuration {
        var transport = GRPCPeerTransport.Configuration(
            host: peer.listen.host, port: peer.listen.port, hello: hello, members: cluster.members)
        transport.maxBatchBytes = peer.maxBatchBytes
        transport.maxQueuedBytes = peer.maxQueuedBytes
        transport.backoff = Backoff(initial: peer.backoffMin, max: peer.backoffMax)
        transport.keepaliveTime = peer.keepalive
        transport.keepaliveTimeout = peer.keepalive
        transport.tls = tls
        return transport
    }

    func grpcConfiguration(
        _ security: ConnectionSecurity?, _ budget: ReceiveBudget
    ) -> ClientGRPCServer.Configuration {
        var server = ClientGRPCServer.Configuration(host: grpc.listen.host, port: grpc.listen.port)
        server.secure = security
        server.receiveBudget = budget
        server.refusalPause = requests.refusalPause
        server.logRepeatInterval = log.repeatInterval
        server.maxMessageBytes = grpc.maxMessageBytes
        server.maxConnections = grpc.maxConnections
        server.reservedFiles = reservedFiles
        server.maxStreamsPerConnection = grpc.maxCallsPerConnection
        server.maxReceivedBytes = grpc.maxReceivedBytes
        server.maxUnsentBytes = grpc.maxUnsentBytes
        server.keepaliveTime = grpc.keepalive
        server.maxBatchEntries = requests.maxBatchEntries
        server.defaultListLimit = requests.listLimit
        server.maxListLimit = requests.maxListLimit
        server.defaultTimeoutMillis = Int(TimeAmount(requests.timeout).nanoseconds / 1_000_000)
        server.maxSessionInFlight = grpc.maxSessionInFlight
        server.maxSessionUnsentBytes = grpc.maxSessionUnsentBytes
        server.shutdownGrace = shutdownTimeout / 3
        server.engine = engine.type
        server.softwareVersion = Version.current
        return server
    }

    func httpConfiguration(
        _ security: ConnectionSecurity?, _ budget: ReceiveBudget
    ) -> HTTPServer.Configuration {
        var server = HTTPServer.Configuration(host: http.listen.host, port: http.listen.port)
        server.secure = security
        server.receiveBudget = budget
        server.refusalPause = requests.refusalPause
        server.logRepeatInterval = log.repeatInterval
        server.maxBodyBytes = requests.maxValueBytes
        server.maxConnections = http.maxConnections
        server.reservedFiles = reservedFiles
        server.idleTimeout = http.idleTimeout
        server.requestTimeout = http.requestTimeout
        server.defaultListLimit = requests.listLimit
        server.maxListLimit = requests.maxListLimit
        server.shutdownGrace = shutdownTimeout / 3
        return server
    }

    func respConfiguration(
        _ security: ConnectionSecurity?, _ budget: ReceiveBudget
    ) -> RESPServer.Configuration {
        var server = RESPServer.Configuration(host: resp.listen.host, port: resp.listen.port)
        server.secure = security
        server.receiveBudget = budget
        server.refusalPause = requests.refusalPause
        server.logRepeatInterval = log.repeatInterval
        server.bucket = resp.bucket
        server.maxArgumentBytes = requests.maxValueBytes
        server.maxArguments = resp.maxArguments
        server.maxConnections = resp.maxConnections
        server.reservedFiles = reservedFiles
        server.maxInFlight = resp.maxInFlight
        server.maxUnsentBytes = resp.maxUnsentBytes
        server.idleTimeout = resp.idleTimeout
        server.requestTimeout = resp.requestTimeout
        server.keepalive = resp.keepalive
        server.shutdownGrace = shutdownTimeout / 3
        return server
    }
}
