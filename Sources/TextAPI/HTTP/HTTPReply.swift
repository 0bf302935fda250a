import Foundation
import NIOHTTP1

/// What is sent for one request; the connection adds what belongs to it.
struct HTTPReply: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    /// nil where the status allows none (204, 304).
    var body: [UInt8]?

    init(_ status: HTTPResponseStatus, _ headers: HTTPHeaders = [:], body: [UInt8]? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Off the hot path only: `members` must be what JSONSerialization takes, which all callers' literals
    /// are.
    static func json(
        _ members: Any, status: HTTPResponseStatus = .ok, type: String = "application/json",
        headers: HTTPHeaders = [:]
    ) -> HTTPReply {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        let data = try? JSONSerialization.data(withJSONObject: members, options: options)
        var headers = headers
        headers.replaceOrAdd(name: "content-type", value: type)
        return HTTPReply(status, headers, body: Array(data ?? Data()) + [UInt8(ascii: "\n")])
    }

    static func text(_ text: String, status: HTTPResponseStatus = .ok) -> HTTPReply {
        HTTPReply(status, ["content-type": "text/plain; charset=utf-8"], body: Array(text.utf8))
    }
}
