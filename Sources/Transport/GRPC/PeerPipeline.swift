import ClusterCore
import GRPCWire
import NIOCore
import NIOHTTP2
import TLS

extension GRPCPeerTransport.Configuration {
    /// Has `channel` speak HTTP/2 under watch, by TLS if that is on, and hand its frames to `connection`.
    ///
    /// - Parameters:
    ///   - peer: The node that is called, if it is known; its certificate has to name it.
    ///   - whenFailed: Told if a connection that came in fails for reasons of TLS; what one that goes out fails for is an
    ///     error in its pipeline.
    func configure(
        _ channel: any Channel, _ mode: NIOHTTP2Handler.ParserMode, to peer: String? = nil,
        _ connection: ExchangeConnection<some ExchangeRole>, whenFailed: ((TLSFailure) -> Void)? = nil
    ) throws {
        try secure(channel, mode, to: peer, whenFailed: whenFailed)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(IdleStateHandler(readTimeout: TimeAmount(keepaliveTime)))
        try pipeline.addHandler(
            NIOHTTP2Handler(mode: mode, frameDelegate: connection, connectionConfiguration: http2(mode)))
        try pipeline.addHandler(connection)
        try pipeline.addHandler(ConnectionWatch(timeout: TimeAmount(keepaliveTimeout)))
    }

    private func secure(
        _ channel: any Channel, _ mode: NIOHTTP2Handler.ParserMode, to peer: String?,
        whenFailed: ((TLSFailure) -> Void)?
    ) throws {
        guard let tls else {
            return try TLSEndpoint.expectPlainText(
                on: channel, isServer: mode == .server, whenFailed: whenFailed)
        }
        let identity = IdentityRule(cluster: hello.cluster, role: .node, name: peer)
        switch mode {
        case .server: try tls.secureServer(channel, accepting: identity, whenFailed: whenFailed)
        case .client: try tls.secureClient(channel, to: identity)
        }
    }
}
