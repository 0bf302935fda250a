import GRPCWire
import NIOCore
import NIOHTTP2

extension GRPCPeerTransport.Configuration {
    /// Has `channel` speak HTTP/2 under watch.
    ///
    /// - Parameter onStream: Prepares a stream that the peer opens.
    func configure(
        _ channel: any Channel, _ mode: NIOHTTP2Handler.ParserMode, onStream: @escaping NIOChannelInitializer
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(IdleStateHandler(readTimeout: TimeAmount(keepaliveTime)))
        _ = try pipeline.configureHTTP2Pipeline(
            mode: mode, connectionConfiguration: connection(mode), streamConfiguration: stream,
            inboundStreamInitializer: onStream)
        try pipeline.addHandler(ConnectionWatch(timeout: TimeAmount(keepaliveTimeout)))
    }
}
