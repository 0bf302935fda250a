import Access
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
    /// What the node counts and measures of itself.
    case metrics
    case health
    case readiness
    /// The page for browsers, and what belongs to it.
    case page(ConsoleFile)
    /// How the cluster and the node are doing, for the page.
    case overview
    /// Which members hold which partitions, for the page.
    case ring
    /// What the replicas of a key hold of it, for the page.
    case holdings

    /// The route of a request, and the part of its target after the `?`.
    static func find(_ head: HTTPRequestHead) throws(Problem) -> (route: HTTPRoute, query: ArraySlice<UInt8>)
    {
        let found = try parse(head.uri)
        let methods = found.route.path.methods
        guard methods.contains(head.method) else {
            var problem = Problem(
                .methodNotAllowed, "method_not_allowed", "this path has no \(head.method.rawValue)")
            problem.headers.add(name: "allow", value: methods.map(\.rawValue).joined(separator: ", "))
            throw problem
        }
        return found
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
        if path.elementsEqual("/metrics".utf8) { return (.metrics, query) }
        if path.elementsEqual("/v1/workload".utf8) { return (.workload, query) }
        guard path.starts(with: prefix) else { return (try console(path), query) }
        let parts = path.dropFirst(prefix.count).split(
            separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count > 1 else { throw unknownPath }
        return (try route(bucket: parts[0], kind: parts[1], rest: parts.dropFirst(2).first), query)
    }

    private static let prefix = Array("/v1/buckets/".utf8)
    private static let unknownPath = Problem(.notFound, "unknown_path", "nothing is served at this path")

    private static func console(_ path: ArraySlice<UInt8>) throws(Problem) -> HTTPRoute {
        let path = String(decoding: path, as: UTF8.self)
        if path == "/" { return .page(.page) }
        guard path.hasPrefix("/console/") else { throw unknownPath }
        switch path.dropFirst("/console/".count) {
        case "overview": return .overview
        case "ring": return .ring
        case "holdings": return .holdings
        case let name:
            guard let file = ConsoleFile(rawValue: String(name)), file != .page else { throw unknownPath }
            return .page(file)
        }
    }

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

extension HTTPRoute {
    /// The paths, as the documents have them.
    enum Path: String, CaseIterable {
        case key = "/v1/buckets/{bucket}/keys/{key}"
        case data = "/v1/buckets/{bucket}/data/{key}"
        case keys = "/v1/buckets/{bucket}/keys"
        case properties = "/v1/buckets/{bucket}/properties"
        case workload = "/v1/workload"
        case metrics = "/metrics"
        case health = "/healthz"
        case readiness = "/readyz"
        case page = "/"
        case pageFile = "/console/{file}"
        case overview = "/console/overview"
        case ring = "/console/ring"
        case holdings = "/console/holdings"

        /// A GET brings HEAD along.
        var methods: [HTTPMethod] {
            switch self {
            case .key: [.GET, .HEAD, .PUT, .DELETE]
            case .data: [.GET, .HEAD, .POST]
            case .properties: [.GET, .HEAD, .PUT]
            case .keys, .workload, .metrics, .health, .readiness, .page, .pageFile, .overview, .ring,
                .holdings:
                [.GET, .HEAD]
            }
        }

        /// What a request is, as far as rights are concerned.
        ///
        /// - Parameter method: One of `methods`.
        func operation(for method: HTTPMethod) -> Operation {
            let isReading = method == .GET || method == .HEAD
            return switch self {
            case .key, .data: isReading ? .readKey : .writeKey
            case .keys: .listKeys
            case .properties: isReading ? .readProperties : .setProperties
            case .workload: .readWorkload
            case .metrics: .readMetrics
            case .health, .readiness: .health
            case .page, .pageFile: .describe
            case .overview: .clusterStatus
            case .ring, .holdings: .readRing
            }
        }
    }

    var path: Path {
        switch self {
        case .key: .key
        case .data: .data
        case .keys: .keys
        case .properties: .properties
        case .workload: .workload
        case .metrics: .metrics
        case .health: .health
        case .readiness: .readiness
        case .page(.page): .page
        case .page: .pageFile
        case .overview: .overview
        case .ring: .ring
        case .holdings: .holdings
        }
    }

    /// Empty where there is none.
    var bucket: String {
        switch self {
        case .key(let bucket, _), .data(let bucket, _), .keys(let bucket), .properties(let bucket): bucket
        case .workload, .metrics, .health, .readiness, .page, .overview, .ring, .holdings: ""
        }
    }
}
