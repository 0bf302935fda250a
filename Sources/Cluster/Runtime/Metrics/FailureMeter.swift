import ClusterCore
import Instruments

/// The requests that fail, counted for all shards together, since most do not. Any thread.
final class FailureMeter: Sendable {
    private static let codes = RequestError.Code.allCases
    /// By origin, kind and code.
    private let counters: [Counter]
    /// Of what no shard has come to see: by origin and kind.
    private let refusals: [Histogram]

    init(_ registry: MetricRegistry) {
        refusals = RequestOrigin.allCases.flatMap { origin in
            RequestKind.allCases.map { kind in
                registry.histogram(
                    RequestMetrics.duration, ["\(origin)", kind.name, "error"], showsZero: false)
            }
        }
        counters = RequestOrigin.allCases.flatMap { origin in
            RequestKind.allCases.flatMap { kind in
                Self.codes.map { code in
                    registry.counter(
                        RequestMetrics.failures, ["\(origin)", kind.name, code.reason], showsZero: false)
                }
            }
        }
    }

    func count(_ origin: RequestOrigin, _ kind: RequestKind, _ code: RequestError.Code) {
        // Raw values begin at 1.
        counters[RequestMetrics.row(origin, kind) * Self.codes.count + Int(code.rawValue) - 1].add()
    }

    /// A request was refused before it came to a shard: it took no time.
    func refused(_ origin: RequestOrigin, _ kind: RequestKind, _ code: RequestError.Code) {
        count(origin, kind, code)
        refusals[RequestMetrics.row(origin, kind)].record(0)
    }
}
