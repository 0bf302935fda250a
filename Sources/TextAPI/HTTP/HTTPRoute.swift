import ClusterCore
import NIOHTTP1

/// What a path names.
enum HTTPRoute: Equatable {
    case key(bucket: String, key: [UInt8])
    /// What the key holds, and changes of it.
    case data(bucket: String, key: [UInt8])
    case keys(bucket: String)
    case properties(bucket: String)
    /// What clients have asked of the node.
    case workload
    case health
    case readiness

    /// The methods that the route has; a GET brings HEAD along.
    var methods: [HTTPMethod] {
        switch self {
        case .key: [.GET, .HEAD, .PUT, .DELETE]
        case .data: [.GET, .HEAD, .POST]
        case .properties: [.GET, .HEAD, .PUT]
        case .keys, .workload, .health, .readiness: [.GET, .HEAD]
        }
    }

    /// Finds the route of a request target, and the part after its `?`.
    ///
    /// Everything after `/keys/` or `/data/` is the key: its slashes may be written as they are or as `%2F`.
    static func parse(_ uri: String) throws(Problem) -> (route: HTTPRoute, query: ArraySlice<UInt8>) {
        var path = originForm(Array(uri.utf8))
        var query: ArraySlice<UInt8> = []
        if let mark = path.firstIndex(of: UInt8(ascii: "?")) {
            query = path[(mark + 1)...]
            path = path[..<mark]
        }
        if path.elementsEqual("/healthz".utf8) { return (.health, query) }
        if path.elementsEqual("/readyz".utf8) { return (.readiness, query) }
        if path.elementsEqual("/v1/workload".utf8) { return (.workload, query) }
        guard path.starts(with: prefix) else { throw unknownPath }
        let parts = path.dropFirst(prefix.count).split(
            separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count > 1 else { throw unknownPath }
        return (try route(bucket: parts[0], kind: parts[1], rest: parts.dropFirst(2).first), query)
    }

    private static let prefix = Array("/v1/buckets/".utf8)
    private static let unknownPath = Problem(.notFound, "unknown_path", "nothing is served at this path")

    private static func route(
        bucket: ArraySlice<UInt8>, kind: ArraySlice<UInt8>, rest: ArraySlice<UInt8>?
    ) throws(Problem) -> HTTPRoute {
        if kind.elementsEqual("keys".utf8) {
            let bucket = try self.bucket(bucket)
            guard let rest else { return .keys(bucket: bucket) }
            return .key(bucket: bucket, key: try key(rest))
        }
        if kind.elementsEqual("data".utf8), let rest {
            return .data(bucket: try self.bucket(bucket), key: try key(rest))
        }
        if kind.elementsEqual("properties".utf8), rest == nil {
            return .properties(bucket: try self.bucket(bucket))
        }
        throw unknownPath
    }

    private static func bucket(_ encoded: ArraySlice<UInt8>) throws(Problem) -> String {
        guard let bucket = PercentCoding.decodeText(encoded) else {
            throw .badRequest("the bucket's name in the path isn't percent-encoded UTF-8")
        }
        do throws(RequestError) { try BucketRules.check(bucket) } catch { throw Problem(error) }
        return bucket
    }

    private static func key(_ encoded: ArraySlice<UInt8>) throws(Problem) -> [UInt8] {
        guard let key = PercentCoding.decode(encoded) else {
            throw .badRequest("the key in the path has a % that isn't followed by two hexadecimal digits")
        }
        guard KeyLimits.accepts(key: key) else {
            throw .badRequest("a key has 1 to \(KeyLimits.maxKeySize) bytes, this one has \(key.count)")
        }
        return key
    }

    /// The target without the scheme and authority that a client may put before it as to a proxy.
    private static func originForm(_ target: [UInt8]) -> ArraySlice<UInt8> {
        for scheme in ["http://", "https://"] where target.starts(with: scheme.utf8) {
            let rest = target.dropFirst(scheme.utf8.count)
            return rest.firstIndex(of: UInt8(ascii: "/")).map { rest[$0...] } ?? [UInt8(ascii: "/")]
        }
        return target[...]
    }
}
