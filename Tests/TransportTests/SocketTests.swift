import Cluster
import ClusterCore
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Transport

/// What only a transport with sockets can meet.
@Suite("Transport over sockets", .timeLimit(.minutes(2)))
struct SocketTests {
    @Test("A peer that dies is noticed without any keepalive")
    func killedPeer() async throws {
        let settings: (inout Settings) -> Void = { $0.keepaliveTime = .seconds(3600) }
        try await withPair(.grpc, a: settings, b: settings) { network, a, b in
            network.cut("a", "b")
            try await a.record.wait("disconnected") { !$0.isConnected(to: b.id) }
        }
    }

    @Test("A network that falls silent is noticed by the keepalive, and by both")
    func silentLoss() async throws {
        let settings: (inout Settings) -> Void = {
            $0.keepaliveTime = .milliseconds(500)
            // Longer than the interval: the transport has to see to it that this doesn't wait for ever.
            $0.keepaliveTimeout = .seconds(1)
        }
        try await withPair(.grpc, a: settings, b: settings) { network, a, b in
            network.freeze("a", "b")
            try await a.record.wait("disconnected at a") { !$0.isConnected(to: b.id) }
            try await b.record.wait("disconnected at b") { !$0.isConnected(to: a.id) }
            network.cut("a", "b")
            network.heal("a", "b")
            try await a.waitUntilConnected(to: b)
            try await b.waitUntilConnected(to: a)
        }
    }

    @Test("A quiet connection stays up under keepalive")
    func keepaliveOfIdleStreams() async throws {
        let settings: (inout Settings) -> Void = { $0.keepaliveTime = .seconds(1) }
        try await withPair(.grpc, a: settings, b: settings) { _, a, b in
            // Five pings' worth of silence: more than a server bears that takes them for a flood.
            await #expect(throws: TimedOut.self) {
                try await a.record.wait("a disconnect", within: .milliseconds(5500)) { $0.events.count > 1 }
            }
            #expect(a.send([9], to: b) == .accepted)
            try await a.record.wait("the reply") { $0.replies == [9] }
        }
    }

    @Test("Garbage on the port does no harm")
    func garbage() async throws {
        try await withPair(.grpc) { _, a, b in
            var random = SystemRandomNumberGenerator()
            let noise = (0..<65_536).map { _ in UInt8.random(in: 0...255, using: &random) }
            let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
            for bytes in [noise, Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), preface + noise] {
                let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .connect(host: "127.0.0.1", port: b.port).get()
                // Either the write or the close may find the connection gone already.
                channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
                try await channel.closeFuture.get()
            }
            #expect(a.send([3], to: b) == .accepted)
            try await a.record.wait("the reply") { $0.replies == [3] }
            #expect(a.record.value.events.count == 1)
        }
    }

    @Test("What is far over the limit is not even read, and the stream comes back")
    func farOverTheLimit() async throws {
        let settings: (inout Settings) -> Void = {
            $0.maxBatchBytes = 1024
            $0.announcedBatchBytes = 1 << 20
        }
        try await withPair(.grpc, b: settings) { _, a, b in
            #expect(a.send(0..<10_000, to: b) == .accepted)
            try await a.record.wait("a new stream") { $0.events.count == 3 }
            try await b.log.wait("the refusal at b") { lines in
                lines.contains { $0.level == .warning && $0.message == "a peer's stream is refused" }
            }
            #expect(a.send([5], to: b) == .accepted)
            try await a.record.wait("a reply") { $0.replies == [5] }
            #expect(b.record.value.requests == [5])
        }
    }

    @Test("Queued batches leave before a stop")
    func gracefulStop() async throws {
        let network = try await TestNetwork(.grpc)
        let a = try await network.start("a") { $0.stopTimeout = .seconds(60) }
        let b = try await network.start("b")
        try await a.waitUntilConnected(to: b)
        for number in 0..<10_000 as Range<UInt64> { #expect(a.send([number], to: b) == .accepted) }
        try await a.stop()
        let record = try await b.record.wait("all requests") { $0.requests.count >= 10_000 }
        #expect(record.requests == Array(0..<10_000))
        try await b.stop()
        try await network.close()
    }

    @Test("Replies that are longer than what a stream takes at once come before its end")
    func longRepliesBeforeTheEnd() async throws {
        for _ in 1...20 {
            let network = try await TestNetwork(.grpc)
            let a = try await network.start("a") { $0.stopTimeout = .seconds(60) }
            let b = try await network.start("b") {
                $0.answer = { _, replies in _ = replies.send(encoded(0..<25_000)) }
            }
            try await a.waitUntilConnected(to: b)
            // The longest that goes in one frame, so that this side's end follows it at once, too.
            #expect(a.send(0..<20_000, to: b) == .accepted)
            try await a.stop()
            #expect(a.record.value.replies == Array(0..<25_000))
            try await b.stop()
            try await network.close()
        }
    }

    @Test("A stop does not wait for a peer that never answers", .timeLimit(.minutes(5)))
    func stopWhileConnecting() async throws {
        // Listens, takes the connection, and says nothing.
        let silent = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let members = [
            Member(name: "a", address: ""),
            Member(name: "b", address: "127.0.0.1:\(silent.localAddress!.port!)"),
        ]
        let transport = GRPCPeerTransport(
            configuration: .init(
                host: "127.0.0.1", port: 0, hello: PeerHello(cluster: "test", nodeName: "a"), members: members
            ),
            handler: RecordingHandler(), eventLoopGroup: group, logger: Logger(label: "a"))
        let running = Task { try await transport.run() }
        #expect(try await transport.listeningPort > 0)
        running.cancel()
        try await running.value
        await #expect(throws: (any Error).self) { try await transport.listeningPort }
        try await group.shutdownGracefully()
        try await silent.close()
    }

    @Test("A port in use is an error of run")
    func portInUse() async throws {
        let taken = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let transport = GRPCPeerTransport(
            configuration: .init(
                host: "127.0.0.1", port: taken.localAddress!.port!,
                hello: PeerHello(cluster: "test", nodeName: "a"),
                members: [Member(name: "a", address: ""), Member(name: "b", address: "127.0.0.1:1")]),
            handler: RecordingHandler(), eventLoopGroup: group, logger: Logger(label: "a"))
        await #expect(throws: (any Error).self) { try await transport.run() }
        try await group.shutdownGracefully()
        try await taken.close()
    }
}
