import NIOCore
import NIOPosix

/// Asks a node's HTTP server whether requests have a fair chance there.
enum ReadinessProbe {
    private static let interval = Duration.milliseconds(100)
    private static let replyTimeout = TimeAmount.seconds(2)

    /// Returns when `/readyz` has answered 200.
    ///
    /// - Throws: `CancellationError`.
    static func wait(for address: HostPort) async throws {
        // Nobody tells when another process begins to listen, so it is asked.
        while true {
            if (try? await isReady(address)) == true { return }
            try await Task.sleep(for: interval)
        }
    }

    /// Whether `/readyz` answers 200 now. Throws if nothing answers.
    static func isReady(_ address: HostPort) async throws -> Bool {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(replyTimeout)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let timeout = channel.channel.eventLoop.scheduleTask(in: replyTimeout) {
            channel.channel.close(promise: nil)
        }
        defer { timeout.cancel() }
        return try await channel.executeThenClose { inbound, outbound in
            let request = "GET /readyz HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
            try await outbound.write(ByteBuffer(string: request))
            var reply = ByteBuffer()
            for try await var part in inbound {
                reply.writeBuffer(&part)
                if reply.readableBytes >= expected.utf8.count { break }
            }
            return String(buffer: reply).hasPrefix(expected)
        }
    }

    private static let expected = "HTTP/1.1 200"
}
