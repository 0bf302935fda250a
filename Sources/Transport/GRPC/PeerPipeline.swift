import GRPCWire
import NIOCore
import NIOHTTP2

extension GRPCPeerTransport.Configuration {
    /// Has `channel` speak HTTP/2 under watch, and hand its frames to `connection`.
    func configure(
        _ channel: any Channel, _ mode: NIOHTTP2Handler.ParserMode,
        _ connection: ExchangeConnection<some ExchangeRole>
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(IdleStateHandler(readTimeout: TimeAmount(keepaliveTime)))
        try pipeline.addHandler(
            NIOHTTP2Handler(mode: mode, frameDelegate: connection, connectionConfiguration: http2(mode)))
        try pipeline.addHandler(connection)
        try pipeline.addHandler(ConnectionWatch(timeout: TimeAmount(keepaliveTimeout)))
    }
}
