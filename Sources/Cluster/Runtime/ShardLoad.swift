import ClusterCore
import NIOCore

/// What the requests that a shard coordinates for clients are, all together, and how much may be.
struct ShardLoad {
    /// What one request adds, from its admission to its end.
    struct Demand {
        var byteCount: Int
        /// When it began, if it is one of those whose time is taken.
        var begun: NIODeadline?
    }

    /// The time of one request of so many is taken: a clock's reading for each would be felt.
    private static let requestsBySample = 16

    private let maxBytes: Int
    private var limit: AdmissionLimit
    /// Under way.
    private(set) var requests = 0
    private var bytes = 0
    private var untilSample = 0

    init(maxBytes: Int, _ settings: AdmissionLimit.Settings, now: NIODeadline) {
        self.maxBytes = maxBytes
        limit = AdmissionLimit(settings, now: now.uptimeNanoseconds)
    }

    init(_ configuration: ClusterConfiguration, now: NIODeadline) {
        self.init(
            maxBytes: configuration.maxInFlightBytesPerLoop,
            AdmissionLimit.Settings(
                most: configuration.maxInFlightPerLoop, least: configuration.minInFlightPerLoop,
                target: UInt64(configuration.maxWait.nanoseconds)),
            now: now)
    }

    /// What keeps a request out.
    enum Bound {
        case requests
        case bytes

        var error: RequestError {
            switch self {
            case .requests: RequestError(.overloaded, "the node has too many requests under way")
            case .bytes: RequestError(.overloaded, "the node has requests of too many bytes under way")
            }
        }
    }

    /// How many may be under way now.
    var maxRequests: Int { limit.current }

    /// The bound that a request with so many bytes would exceed now; nil if it may begin.
    func bound(for byteCount: Int) -> Bound? {
        if requests >= limit.current { return .requests }
        if byteCount > 0, bytes > 0, byteCount > maxBytes - bytes { return .bytes }
        return nil
    }

    mutating func begin(_ byteCount: Int, now: NIODeadline) -> Demand {
        requests += 1
        bytes += byteCount
        untilSample = untilSample == 0 ? Self.requestsBySample - 1 : untilSample - 1
        return Demand(byteCount: byteCount, begun: untilSample == 0 ? now : nil)
    }

    /// - Parameter now: Asked of a sample alone.
    mutating func end(_ demand: Demand, now: @autoclosure () -> NIODeadline) {
        requests -= 1
        bytes -= demand.byteCount
        if let begun = demand.begun {
            limit.ended(begun: begun.uptimeNanoseconds, now: now().uptimeNanoseconds)
        }
    }

    /// To be called often while requests are under way.
    mutating func advance(_ now: NIODeadline) {
        limit.advance(now: now.uptimeNanoseconds, underWay: requests)
    }
}
