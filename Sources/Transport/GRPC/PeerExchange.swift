import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// The gRPC method between nodes, `kvnode.peer.v1.Peer/Exchange`: a bidirectional stream of raw bytes.
///
/// Either end first sends its `PeerHello`. After it, each message of the caller is a concatenation of `PeerCodec`
/// requests, and each message of the called node one of replies. gRPC's own framing bounds a message; no protobuf is
/// inside. The caller ends the stream by closing its half; the called node then sends the replies it has and status OK.
/// A node that will not talk to the other ends the stream with a status that says why:
///
/// | status | cause |
/// | --- | --- |
/// | `INVALID_ARGUMENT` | the first message is no hello |
/// | `FAILED_PRECONDITION` | another cluster, protocol version, layout, or an address that belongs to another node |
/// | `PERMISSION_DENIED` | a node that is not in the member list |
/// | `RESOURCE_EXHAUSTED` | a message over the limit that the hello stated |
/// | `DEADLINE_EXCEEDED` | no hello in time |
/// | `UNAVAILABLE` | the node stops |
///
/// The streams are used at the level of gRPC's transport protocols (`ClientTransport`, `ServerTransport`), below the
/// layer that maps typed messages: with raw bytes there is nothing to map, and each message costs less.
enum PeerExchange {
    typealias Bytes = GRPCNIOTransportBytes
    typealias ServerStream = RPCStream<
        HTTP2ServerTransport.Posix.Inbound, HTTP2ServerTransport.Posix.Outbound
    >
    typealias ClientStream = RPCStream<
        HTTP2ClientTransport.Posix.Inbound, HTTP2ClientTransport.Posix.Outbound
    >

    static let descriptor = MethodDescriptor(
        fullyQualifiedService: "kvnode.peer.v1.Peer", method: "Exchange", type: .bidirectionalStreaming)

    /// Where gRPC itself stops reading a message. Above the limit that the nodes agree on, so that a message somewhat
    /// over it is refused with a status; gRPC resets the stream without one.
    static func receiveLimit(maxBatchBytes: Int) -> Int { 2 * maxBatchBytes }
}

extension PeerExchange.Bytes {
    var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}

extension Refusal {
    var status: Status { Status(code: code, message: reason) }

    private var code: Status.Code {
        switch cause {
        case .malformedHello: .invalidArgument
        case .protocolVersion, .cluster, .wrongNode, .layout: .failedPrecondition
        case .unknownNode: .permissionDenied
        case .batchTooLarge: .resourceExhausted
        case .helloTimedOut: .deadlineExceeded
        }
    }
}
