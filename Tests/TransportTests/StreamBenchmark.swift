import Cluster
import ClusterCore
import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Transport

/// A figure rather than a test: `KVNODE_BENCHMARK=1 swift test -c release --filter StreamBenchmark`.
@Suite("Stream benchmark", .enabled(if: getenv("KVNODE_BENCHMARK") != nil), .serialized)
struct StreamBenchmark {
    private static let messageBytes = 200

    /// Sends one message for each reply, so that `inFlight` are always under way.
    private final class Caller: PeerHandler {
        let isConnected = Observed(false)
        let replies = Atomic<Int>(0)
        let send = Mutex<(@Sendable ([UInt8]) -> Void)?>(nil)
        private let message = [UInt8](repeating: 7, count: messageBytes)

        func start(inFlight: Int) {
            guard let send = send.withLock(\.self) else { return }
            for _ in 0..<inFlight { send(message) }
        }

        func received(requests batch: [UInt8], from peer: NodeID, replies: any PeerReplyPath) {}

        func received(replies batch: [UInt8], from peer: NodeID) {
            let count = batch.count / messageBytes
            replies.wrappingAdd(count, ordering: .relaxed)
            start(inFlight: count)
        }

        func connected(_ peer: NodeID, _ hello: PeerHello) { isConnected.update { $0 = true } }
        func disconnected(_ peer: NodeID, reason: String) {}
    }

    @Test("Messages of 200 bytes there and back", arguments: [1, 16, 64, 256])
    func roundTrips(inFlight: Int) async throws {
        let groups = (0..<2).map { _ in MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        let quiet = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        func configuration(_ name: String, peer: Member?) -> GRPCPeerTransport.Configuration {
            .init(
                host: "127.0.0.1", port: 0, hello: PeerHello(cluster: "test", nodeName: name),
                members: [Member(name: name, address: "")] + (peer.map { [$0] } ?? []))
        }
        // The server's own link leads nowhere: only the caller's stream is measured.
        let server = GRPCPeerTransport(
            configuration: configuration("b", peer: Member(name: "a", address: "127.0.0.1:1")),
            handler: Echo(), eventLoopGroup: groups[0], logger: quiet)
        let serving = Task { try await server.run() }
        let address = "127.0.0.1:\(try await server.listeningPort)"
        let caller = Caller()
        let client = GRPCPeerTransport(
            configuration: configuration("a", peer: Member(name: "b", address: address)), handler: caller,
            eventLoopGroup: groups[1], logger: quiet)
        let calling = Task { try await client.run() }
        try await caller.isConnected.wait("connected") { $0 }
        caller.send.withLock { $0 = { _ = client.send($0, to: NodeID(name: "b")) } }

        let before = (ContinuousClock.now, Self.cpuNanoseconds())
        caller.start(inFlight: inFlight)
        try await Task.sleep(for: .seconds(3))
        let (operations, cpu) = (caller.replies.load(ordering: .relaxed), Self.cpuNanoseconds() - before.1)
        let seconds = (ContinuousClock.now - before.0) / .seconds(1)
        print(
            "\(inFlight) in flight: \(Int(Double(operations) / seconds)) operations/s, "
                + "\(Double(cpu / UInt64(max(operations, 1)) / 10) / 100) µs CPU each, both sides")
        #expect(operations > 0)
        caller.send.withLock { $0 = nil }
        calling.cancel()
        serving.cancel()
        try await calling.value
        try await serving.value
        for group in groups { try await group.shutdownGracefully() }
    }

    private static func cpuNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Sends every batch back, and notes nothing.
private final class Echo: PeerHandler {
    func received(requests batch: [UInt8], from peer: NodeID, replies: any PeerReplyPath) {
        _ = replies.send(batch)
    }

    func received(replies batch: [UInt8], from peer: NodeID) {}
    func connected(_ peer: NodeID, _ hello: PeerHello) {}
    func disconnected(_ peer: NodeID, reason: String) {}
}
