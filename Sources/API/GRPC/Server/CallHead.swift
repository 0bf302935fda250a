import ClusterCore
import GRPCCore
import NIOHPACK

/// What the headers say that begin a call.
struct CallHead {
    private(set) var path = ""
    /// What gRPC itself says of a deadline, in milliseconds.
    private(set) var timeoutMillis: Int?
    /// By what the client proves who it is.
    private(set) var authorization: String?
    /// The trace that the client says the call is part of, as it came.
    private(set) var traceparent: String?
    private var isPost = false
    private var isGRPC = false
    private var encoding = "identity"

    /// In one pass, as there is one for each call.
    init(_ headers: HPACKHeaders) {
        for (name, value, _) in headers {
            switch name {
            case ":path": path = value
            case ":method": isPost = value == "POST"
            case "content-type": isGRPC = value == "application/grpc" || value == "application/grpc+proto"
            case "grpc-timeout": timeoutMillis = GRPCDeadline.milliseconds(value)
            case "grpc-encoding": encoding = value
            case "authorization": authorization = value
            case "traceparent": traceparent = value
            default: break
            }
        }
    }

    /// Why it can't be a call, whatever its method is.
    var refusal: HPACKHeaders? {
        guard isGRPC else { return [":status": "415"] }
        guard isPost else {
            return GRPCFailure(.invalidArgument, "the HTTP method of a call is POST").headers(isAll: true)
        }
        guard encoding == "identity" else {
            let message =
                "\(encoding) compression is not supported; what is, is listed in grpc-accept-encoding"
            return GRPCFailure(.unimplemented, message, details: [("grpc-accept-encoding", "identity")])
                .headers(isAll: true)
        }
        return nil
    }
}

/// The deadline that gRPC itself sends along with a call.
enum GRPCDeadline {
    /// What `grpc-timeout` says, in milliseconds but at least one; nil if it is not well formed: at most eight digits and a
    /// unit, H, M, S, m, u or n.
    static func milliseconds(_ text: String) -> Int? {
        guard let unit = text.utf8.last, (2...9).contains(text.utf8.count),
            text.utf8.dropLast().allSatisfy({ (48...57).contains($0) }), let value = Int(text.dropLast())
        else { return nil }
        switch unit {
        case UInt8(ascii: "H"): return max(1, value * 3_600_000)
        case UInt8(ascii: "M"): return max(1, value * 60_000)
        case UInt8(ascii: "S"): return max(1, value * 1_000)
        case UInt8(ascii: "m"): return max(1, value)
        case UInt8(ascii: "u"): return max(1, value / 1_000)
        case UInt8(ascii: "n"): return max(1, value / 1_000_000)
        default: return nil
        }
    }
}

extension Request {
    /// Lets a deadline of the call count, where it comes before the request's own or the node's default.
    mutating func shorten(to milliseconds: Int?, default: Int) {
        guard let milliseconds else { return }
        timeoutMillis = min(timeoutMillis == 0 ? `default` : timeoutMillis, milliseconds)
    }
}
