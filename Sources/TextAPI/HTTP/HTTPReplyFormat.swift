import ClusterCore
import NIOHTTP1

/// How the store's response is put into HTTP: what the request's head says about the reply.
struct HTTPReplyFormat: Sendable {
    /// Whether several values come as multipart/mixed, not as JSON.
    var prefersMultipart = false
    /// For what a key holds; nil for its values alone.
    var dataEncoding: DataEncoding?
    var ifMatch: EntityTag.List?
    var ifNoneMatch: EntityTag.List?

    init(_ headers: HTTPHeaders) {
        guard headers.contains(name: "accept") else { return }
        prefersMultipart = headers[canonicalForm: "accept"].contains {
            $0.prefix { $0 != ";" }.lowercased().split(separator: " ") == ["multipart/mixed"]
        }
    }

    func reply(_ response: Response) -> HTTPReply {
        switch dataEncoding == nil ? response.ofValues : response {
        case .read(let reading):
            return dataEncoding.map { DataDocument.reply(reading, $0) } ?? read(reading)
        case .written(let reading):
            // Without return=siblings there are none, and after a delete there may be none.
            if reading.siblings.isEmpty { return HTTPReply(.noContent, Self.contextHeaders(reading.context)) }
            return values(reading)
        case .listed(let listing): return KeyListing.reply(listing)
        case .updated(.count(let count)): return .json(["count": count])
        // A string, since a number of JSON's need not have all its digits.
        case .updated(.number(let number)): return .json(["number": number.text])
        case .failed(let error): return Problem(error).reply
        }
    }

    private func read(_ reading: Reading) -> HTTPReply {
        let tag = Base64.encode(reading.context)
        guard !reading.siblings.isEmpty else {
            if ifMatch != nil { return Self.preconditionFailed }
            var problem = Problem(.notFound, "not_found", "the key has no value")
            // Of a deleted key, so that a put can be made to follow the delete.
            if !reading.context.isEmpty { problem.headers.add(name: "x-kvnode-context", value: tag) }
            return problem.reply
        }
        if let ifMatch, !ifMatch.stronglyContains(tag) { return Self.preconditionFailed }
        if let ifNoneMatch, ifNoneMatch.weaklyContains(tag) {
            return HTTPReply(.notModified, Self.contextHeaders(reading.context))
        }
        return values(reading)
    }

    private static var preconditionFailed: HTTPReply {
        Problem(.preconditionFailed, "precondition_failed", "If-Match names another state of the key").reply
    }

    /// One value as it is, several as a list.
    private func values(_ reading: Reading) -> HTTPReply {
        var headers = Self.contextHeaders(reading.context)
        guard reading.siblings.count == 1 else {
            headers.add(name: "vary", value: "accept")
            return prefersMultipart
                ? SiblingList.multipart(reading.siblings, headers)
                : SiblingList.json(reading.siblings, headers)
        }
        let (value, contentType) = reading.siblings[0].content.parts
        headers.add(name: "content-type", value: Self.presentable(contentType))
        return HTTPReply(.ok, headers, body: value)
    }

    private static func contextHeaders(_ context: [UInt8]) -> HTTPHeaders {
        if context.isEmpty { return [:] }
        let encoded = Base64.encode(context)
        return HTTPHeaders([("etag", EntityTag.make(encoded)), ("x-kvnode-context", encoded)])
    }

    /// A stored content type, or the general one if there is none or it couldn't be a header's value.
    static func presentable(_ contentType: String) -> String {
        contentType.isEmpty || !RequestRules.isPrintable(contentType)
            ? "application/octet-stream" : contentType
    }
}
