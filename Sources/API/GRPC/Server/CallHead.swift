import ClusterCore
import GRPCCore

/// The deadline that gRPC itself sends along with a call.
enum GRPCDeadline {
    /// What `grpc-timeout` says, in milliseconds but at least one; nil if there is none, or none that is well
    /// formed.
    static func milliseconds(_ metadata: Metadata) -> Int? {
        metadata[stringValues: "grpc-timeout"].first { _ in true }.flatMap { milliseconds($0) }
    }

    /// At most eight digits and a unit: H, M, S, m, u or n.
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
