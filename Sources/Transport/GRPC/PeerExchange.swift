import GRPCCore
import GRPCWire
import NIOHPACK

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
/// | `PERMISSION_DENIED` | a node that is not in the member list, or whose certificate is not that of the node that it says it is |
/// | `RESOURCE_EXHAUSTED` | a message over the limit that the hello stated |
/// | `DEADLINE_EXCEEDED` | no hello in time |
/// | `UNAVAILABLE` | the node stops |
///
/// Both ends speak gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) in synchronous
/// channel handlers, without grpc-swift's streams: those pass each message through several tasks, which cost more than all
/// that kvnode does with it (docs/performance.md). Any other gRPC implementation can be at the other end.
enum PeerExchange {
    static let path = "/kvnode.peer.v1.Peer/Exchange"

    /// How the caller begins.
    static func request(to authority: String, isSecure: Bool) -> HPACKHeaders {
        [
            ":method": "POST", ":scheme": isSecure ? "https" : "http", ":path": path, ":authority": authority,
            "content-type": "application/grpc", "te": "trailers",
        ]
    }

    /// How the called node ends.
    ///
    /// - Parameter isAll: Whether nothing was sent before.
    static func end(_ status: Status, isAll: Bool) -> HPACKHeaders {
        ReplyHeaders.end(code: status.code.rawValue, message: status.message, isAll: isAll)
    }

    /// Why the called node does not take what the caller began; nil if it does.
    static func refusal(of request: HPACKHeaders) -> Status? {
        guard request.first(name: ":path") == path else {
            return Status(code: .unimplemented, message: "no such method")
        }
        guard request.first(name: "content-type")?.hasPrefix("application/grpc") == true else {
            return Status(code: .invalidArgument, message: "not a gRPC request")
        }
        return nil
    }

    /// What the called node's headers say of the end, if they are its last ones.
    static func status(in headers: HPACKHeaders) -> Status? {
        if let http = headers.first(name: ":status"), http != "200" {
            return Status(code: .unavailable, message: "HTTP status \(http)")
        }
        guard let number = headers.first(name: "grpc-status") else { return nil }
        let code = Int(number).flatMap(Status.Code.init(rawValue:)) ?? .unknown
        return Status(code: code, message: StatusMessage.decode(headers.first(name: "grpc-message") ?? ""))
    }
}

extension Refusal {
    var status: Status { Status(code: code, message: reason) }

    init(_ error: MessageError) {
        switch error {
        case .compressed: self.init(.malformedHello, "its messages are compressed")
        case .tooLong(let bytes, let limit):
            self.init(.batchTooLarge, "it has sent a batch of \(bytes) bytes, over the limit of \(limit)")
        }
    }

    private var code: Status.Code {
        switch cause {
        case .malformedHello: .invalidArgument
        case .protocolVersion, .cluster, .wrongNode, .layout: .failedPrecondition
        case .unknownNode, .certificate: .permissionDenied
        case .batchTooLarge: .resourceExhausted
        case .helloTimedOut: .deadlineExceeded
        }
    }
}
