import ClusterCore
import NIOHTTP1

/// What a request's head asks for, checked as far as the head allows.
enum HTTPPlan {
    /// Needs nothing of the store.
    case reply(HTTPReply)
    case submit(Request, HTTPReplyFormat)
    /// The body says what is to be changed.
    case change(UpdateRequest, DataEncoding)
    /// The body is the value.
    case put(PutRequest, HTTPReplyFormat)
    case getProperties(bucket: String)
    /// The body holds the properties.
    case setProperties(bucket: String)
    case workload
    /// - Parameter accept: The fields of the header, joined.
    case metrics(accept: String)
    case console(ConsoleQuestion)

    /// - Parameters:
    ///   - route: Of the head, with the query behind it.
    ///   - isReady: `KeyValueService.isReady`, which only one of the paths asks for.
    init(
        _ route: HTTPRoute, _ query: ArraySlice<UInt8>, _ head: HTTPRequestHead,
        isReady: @autoclosure () -> Bool, rules: RequestRules
    ) throws(Problem) {
        switch route {
        case .health: self = .reply(.text("ok\n"))
        case .readiness: self = .reply(Self.readiness(isReady()))
        case .workload:
            _ = try QueryParameters(query, allowed: [])
            self = .workload
        case .metrics: self = .metrics(accept: head.headers["accept"].joined(separator: ","))
        case .page(let file): self = .reply(file.reply)
        case .overview:
            _ = try QueryParameters(query, allowed: [])
            self = .console(.overview)
        case .ring:
            _ = try QueryParameters(query, allowed: [])
            self = .console(.ring)
        case .holdings: self = .console(try ConsoleQuestion(holdingsOf: query))
        case .properties(let bucket):
            _ = try QueryParameters(query, allowed: [])
            self = head.method == .PUT ? .setProperties(bucket: bucket) : .getProperties(bucket: bucket)
        case .keys(let bucket): self = try Self.list(bucket, query, rules)
        case .data(let bucket, let key):
            self =
                head.method == .POST
                ? try Self.change(bucket, key, query) : try Self.data(bucket, key, query)
        case .key(let bucket, let key):
            self =
                switch head.method {
                case .PUT: try Self.put(bucket, key, query, head.headers)
                case .DELETE: try Self.delete(bucket, key, query, head.headers)
                default: try Self.get(bucket, key, query, head.headers)
                }
        }
    }

    private static func readiness(_ isReady: Bool) -> HTTPReply {
        if isReady { return .text("ready\n") }
        return Problem(
            .serviceUnavailable, "not_ready", "the node is draining, or doesn't reach a majority of the nodes"
        ).reply
    }

    private static func get(
        _ bucket: String, _ key: [UInt8], _ query: ArraySlice<UInt8>, _ headers: HTTPHeaders
    ) throws(Problem) -> HTTPPlan {
        let query = try QueryParameters(query, allowed: ["n", "r", "timeout"])
        var format = HTTPReplyFormat(headers)
        format.ifMatch = try EntityTag.list("if-match", in: headers)
        format.ifNoneMatch = try EntityTag.list("if-none-match", in: headers)
        let get = GetRequest(
            bucket: bucket, key: key, quorum: try query.quorum(), timeoutMillis: try query.timeout())
        return .submit(.get(get), format)
    }

    private static func data(
        _ bucket: String, _ key: [UInt8], _ query: ArraySlice<UInt8>
    ) throws(Problem) -> HTTPPlan {
        let query = try QueryParameters(query, allowed: ["n", "r", "timeout", "encoding"])
        var format = HTTPReplyFormat([:])
        format.dataEncoding = try DataEncoding(query)
        let get = GetRequest(
            bucket: bucket, key: key, quorum: try query.quorum(), timeoutMillis: try query.timeout())
        return .submit(.get(get), format)
    }

    private static func change(
        _ bucket: String, _ key: [UInt8], _ query: ArraySlice<UInt8>
    ) throws(Problem) -> HTTPPlan {
        let query = try QueryParameters(query, allowed: ["n", "r", "w", "timeout", "encoding"])
        // What the change is, the body says.
        let update = UpdateRequest(
            bucket: bucket, key: key, change: .addMembers([]), quorum: try query.quorum(),
            timeoutMillis: try query.timeout())
        return .change(update, try DataEncoding(query))
    }

    private static func put(
        _ bucket: String, _ key: [UInt8], _ query: ArraySlice<UInt8>, _ headers: HTTPHeaders
    ) throws(Problem) -> HTTPPlan {
        let encodings = headers[canonicalForm: "content-encoding"].filter { $0.lowercased() != "identity" }
        guard encodings.isEmpty else {
            throw Problem(
                .unsupportedMediaType, "unsupported_content_encoding",
                "values are stored as they come; a content encoding would be lost")
        }
        let contentType = headers.first(name: "content-type") ?? defaultContentType
        guard contentType.utf8.count <= 255, RequestRules.isPrintable(contentType) else {
            throw .badRequest("a content type has at most 255 printable ASCII characters")
        }
        var put = try write(
            bucket, key, .value([], contentType: contentType), query, headers, also: ["ttl"])
        put.expiry = try QueryParameters(query, allowed: allowedForWrites.union(["ttl"])).expiry()
        switch try EntityTag.list("if-none-match", in: headers) {
        case nil: break
        case .any where put.condition == .none: put.condition = .ifAbsent
        case .any: throw .badRequest("If-Match and If-None-Match don't go together")
        case .tags: throw .badRequest("the If-None-Match of a PUT can only be *")
        }
        return .put(put, HTTPReplyFormat(headers))
    }

    private static func delete(
        _ bucket: String, _ key: [UInt8], _ query: ArraySlice<UInt8>, _ headers: HTTPHeaders
    ) throws(Problem) -> HTTPPlan {
        guard !headers.contains(name: "if-none-match") else {
            throw .badRequest("a DELETE has no If-None-Match")
        }
        let put = try write(bucket, key, .tombstone, query, headers, also: [])
        return .submit(.put(put), HTTPReplyFormat(headers))
    }

    private static let allowedForWrites: Set<String> = ["n", "r", "w", "timeout", "return"]
    private static let defaultContentType = "application/octet-stream"

    /// What PUT and DELETE have in common.
    private static func write(
        _ bucket: String, _ key: [UInt8], _ content: Sibling.Content, _ query: ArraySlice<UInt8>,
        _ headers: HTTPHeaders, also more: Set<String>
    ) throws(Problem) -> PutRequest {
        let query = try QueryParameters(query, allowed: allowedForWrites.union(more))
        var put = PutRequest(
            bucket: bucket, key: key, content: content, context: try context(headers),
            quorum: try query.quorum(), timeoutMillis: try query.timeout())
        switch try query.text("return") {
        case nil: break
        case "siblings": put.returnSiblings = true
        case let other?: throw .badRequest("return can only be siblings, not \"\(other)\"")
        }
        if let list = try EntityTag.list("if-match", in: headers) { put.condition = try condition(list) }
        return put
    }

    private static func context(_ headers: HTTPHeaders) throws(Problem) -> [UInt8] {
        let fields = headers["x-kvnode-context"]
        guard let field = fields.first else { return [] }
        guard fields.count == 1, let token = Base64.decode(field.utf8) else {
            throw .badRequest("X-Kvnode-Context isn't the base64 that a read of this key gave")
        }
        return token
    }

    private static func condition(_ list: EntityTag.List) throws(Problem) -> PutRequest.Condition {
        guard case .tags(let tags) = list, tags.count == 1, let tag = tags.first else {
            throw .badRequest("the If-Match of a write is one entity tag")
        }
        guard !tag.isWeak, let token = Base64.decode(tag.opaque.utf8), !token.isEmpty else {
            throw .badRequest("If-Match isn't an entity tag that a read of this key gave")
        }
        return .ifMatch(token)
    }

    private static func list(
        _ bucket: String, _ query: ArraySlice<UInt8>, _ rules: RequestRules
    ) throws(Problem) -> HTTPPlan {
        let query = try QueryParameters(query, allowed: ["prefix", "limit", "cursor", "n", "r", "timeout"])
        guard let cursor = Base64.decode(query.bytes("cursor") ?? []) else {
            throw .badRequest("the cursor isn't one that a page before gave")
        }
        var request = Request.list(
            ListRequest(
                bucket: bucket, prefix: query.bytes("prefix") ?? [],
                limit: try query.number("limit", from: 1) ?? 0,
                cursor: cursor, quorum: try query.quorum(), timeoutMillis: try query.timeout()))
        do throws(RequestError) { try rules.apply(to: &request) } catch { throw Problem(error) }
        return .submit(request, HTTPReplyFormat([:]))
    }
}

extension HTTPPlan {
    /// Bytes that the request's body may have. Bodies that nothing is made of are passed over, within reason.
    func bodyLimit(values: Int) -> Int {
        switch self {
        // Texts in JSON may take some more bytes than what they stand for.
        case .change: 2 * values
        case .put: values
        case .reply, .submit, .getProperties, .setProperties, .workload, .metrics, .console: 64 << 10
        }
    }

    var wantsBody: Bool {
        switch self {
        case .put, .change, .setProperties: true
        case .reply, .submit, .getProperties, .workload, .metrics, .console: false
        }
    }
}
