import API
import ClusterCore
import NIOCore
import NIOEmbedded
import SwiftProtobuf
import Testing

@testable import TextAPI

@Suite("What a client sends after a refusal")
struct ReadPauseTests {
    @Test("It stays in the socket until the pause is over")
    func reads() throws {
        let (reads, pause) = (ReadCount(), ReadPause(.milliseconds(100)))
        let channel = EmbeddedChannel(handlers: [reads, pause])
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        channel.read()
        #expect(reads.count == 1)

        var ended = 0
        pause.begin { ended += 1 }
        for _ in 0..<3 { channel.read() }
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(60))
        // One that lasts does not last longer for the next refusal.
        pause.begin { ended += 1 }
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(39))
        #expect(reads.count == 1 && ended == 0 && pause.isOn)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(reads.count == 2 && ended == 1 && !pause.isOn)
        channel.read()
        #expect(reads.count == 3)
    }

    @Test("Zero is none")
    func none() throws {
        let (reads, pause) = (ReadCount(), ReadPause(.zero))
        let channel = EmbeddedChannel(handlers: [reads, pause])
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        pause.begin()
        channel.read()
        #expect(reads.count == 1 && !pause.isOn)
    }

    @Test("A call of gRPC that is refused pauses its connection")
    func calls() async throws {
        let server = GRPCServerTests()
        let length = Duration.milliseconds(300)
        try await server.withFrames({ $0.refusalPause = length }) { client, _, _ in
            let begun = ContinuousClock.now
            let key = "fail-\(RequestError.Code.overloaded.rawValue)"
            try client.call(1, "/kvnode.v1.KeyValue/Get", try server.get(key).serializedBytes())
            #expect(try client.reply(1).status == "8")
            // The socket may have been asked for more already, so the first may be read.
            for number: UInt8 in 1...2 {
                try client.send(.ping, stream: 0, [UInt8](repeating: number, count: 8))
                try client.next { $0.kind == .ping && $0.payload.first == number }
            }
            #expect(.now - begun >= length)
        }
    }
}

/// Counts what comes down to the socket.
private final class ReadCount: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }
}
