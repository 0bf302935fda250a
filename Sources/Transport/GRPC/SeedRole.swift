import ClusterCore
import Logging
import NIOCore
import NIOHPACK

/// Asks whoever answers at an address who it is. Lives on one event loop.
final class SeedRole: ExchangeRole {
    private let configuration: GRPCPeerTransport.Configuration
    private let admission: Admission
    private let dial: Dial<SeedRole>
    private var answer: PeerHello?
    private var hasEnded = false
    private var whenEnded: (Result<PeerHello, any Error>) -> Void = { _ in }
    private var deadline: Scheduled<Void>?

    init(_ configuration: GRPCPeerTransport.Configuration, on loop: any EventLoop) {
        self.configuration = configuration
        admission = Admission(own: configuration.hello, requiresProof: configuration.tls != nil)
        dial = Dial(on: loop)
        deadline = loop.assumeIsolated().scheduleTask(in: TimeAmount(configuration.connectTimeout)) {
            [weak self] in
            self?.end(StreamEnd.lost("it has not said in time who it is"))
        }
    }

    func begin(_ address: String, whenEnded: @escaping (Result<PeerHello, any Error>) -> Void) {
        self.whenEnded = whenEnded
        // Never opened, so that nothing is sent but the hello.
        let outbox = Outbox(maxQueuedBytes: 0, logger: .init(label: "seed"))
        dial.begin(address, configuration, role: self, outbox: outbox)
    }

    /// Ends with the answer if there is one, and else with this.
    private func end(_ end: StreamEnd) {
        guard !hasEnded else { return }
        hasEnded = true
        deadline?.cancel()
        let result =
            answer.map { Result<_, any Error>.success($0) } ?? .failure(SeedError(reason: end.reason))
        dial.close { [self] in whenEnded(result) }
    }

    // MARK: ExchangeRole

    var maxMessageBytes: Int { Admission.maxHelloBytes }

    func began(_ stream: ExchangeStream<SeedRole>) {
        stream.send(headers: PeerExchange.request(to: "seed", isSecure: configuration.tls != nil))
        stream.send(message: configuration.announcedHello.encode())
    }

    func received(headers: HPACKHeaders, on stream: ExchangeStream<SeedRole>) {
        if let status = PeerExchange.status(in: headers) { end(StreamEnd(status)) }
    }

    func received(message: [UInt8], on stream: ExchangeStream<SeedRole>) throws(Refusal) {
        guard answer == nil else { return }
        let hello = try admission.decode(message)
        // Whoever it is, it is one that was sought.
        admission.expect([Member(name: hello.nodeName, address: "")])
        try admission.check(hello, proven: dial.provenIdentity)
        answer = hello
        // In good order: the other ends the stream with a status then.
        stream.endSending()
    }

    func refused(_ refusal: Refusal, on stream: ExchangeStream<SeedRole>) { end(.refused(refusal)) }
    func peerEnded(on stream: ExchangeStream<SeedRole>) { end(.lost("it has said nothing")) }
    func drained(_ stream: ExchangeStream<SeedRole>) {}

    func ended(_ error: (any Error)?) {
        end(error.map { StreamEnd($0) } ?? .lost("the stream has broken off"))
    }
}

/// Nobody of the cluster answers at an address.
public struct SeedError: Error, CustomStringConvertible {
    public var reason: String

    public var description: String { reason }
}

extension GRPCPeerTransport {
    /// Asks whoever answers at an address who it is, before this node has a transport of its own.
    ///
    /// - Parameters:
    ///   - address: `host:port`, with an IPv6 host in brackets.
    ///   - configuration: Who asks. Its hello says layout version 0: a node that is to join.
    /// - Returns: What the other says of itself, if it is of the same cluster and another node.
    /// - Throws: `SeedError`, within `connectTimeout`.
    public static func identify(
        _ address: String, _ configuration: Configuration, on loop: any EventLoop
    ) async throws -> PeerHello {
        try await withCheckedThrowingContinuation { continuation in
            loop.execute {
                SeedRole(configuration, on: loop).begin(address) { continuation.resume(with: $0) }
            }
        }
    }
}
