import NIOHTTP1

/// What is done with the head of a request, step by step and without a connection: for the benchmarks of `Benchmarks/Micro`, a
/// package of its own. A connection takes the same steps; the head itself is found in the bytes by NIO.
public struct HTTPSteps {
    private let rules = RequestRules(defaultListLimit: 100, maxListLimit: 1_000)

    public init() {}

    /// Finds what a request target names.
    ///
    /// - Returns: The key, decoded; nil if it names no key, or nothing.
    public func key(of target: String) -> [UInt8]? {
        guard case .key(_, let key)? = try? HTTPRoute.parse(target).route else { return nil }
        return key
    }

    /// Plans a request: target, parameters and headers.
    ///
    /// - Returns: Whether anything is asked of the store. False as well for what is wrong.
    public func plan(_ head: HTTPRequestHead) -> Bool {
        guard let (route, query) = try? HTTPRoute.find(head) else { return false }
        return switch try? HTTPPlan(route, query, head, isReady: true, rules: rules) {
        case .submit, .put, .change: true
        case .reply, .getProperties, .setProperties, .workload, .metrics, .console, nil: false
        }
    }
}
