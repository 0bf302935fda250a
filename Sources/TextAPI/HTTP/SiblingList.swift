import ClusterCore
import NIOHTTP1

/// Several concurrent values in one reply: 300 Multiple Choices.
enum SiblingList {
    /// A JSON list of objects with `value` (base64), `content_type`, `timestamp` (milliseconds since 1970),
    /// `dot`, and `expires` (milliseconds since 1970) if the value does.
    static func json(_ siblings: [Sibling], _ headers: HTTPHeaders) -> HTTPReply {
        let list = siblings.map { sibling in
            let (value, contentType) = sibling.content.parts
            var members: [String: Any] = [
                "value": Base64.encode(value),
                "content_type": HTTPReplyFormat.presentable(contentType),
                "timestamp": sibling.timestamp.milliseconds,
                "dot": text(sibling.dot),
            ]
            if sibling.expiresAt > 0 { members["expires"] = sibling.expiresAt }
            return members
        }
        return .json(list, status: .multipleChoices, headers: headers)
    }

    /// All values as they are, one a part (RFC 2046), with `X-Kvnode-Dot` and `X-Kvnode-Timestamp`.
    static func multipart(_ siblings: [Sibling], _ headers: HTTPHeaders) -> HTTPReply {
        // 128 random bits occur in no value.
        let boundary = "kvnode-" + hexadecimal(.random(in: 0 ... .max)) + hexadecimal(.random(in: 0 ... .max))
        var body: [UInt8] = []
        for sibling in siblings {
            let (value, contentType) = sibling.content.parts
            let head = """
                --\(boundary)\r
                Content-Type: \(HTTPReplyFormat.presentable(contentType))\r
                Content-Length: \(value.count)\r
                X-Kvnode-Dot: \(text(sibling.dot))\r
                X-Kvnode-Timestamp: \(sibling.timestamp.milliseconds)\r
                \r\n
                """
            body += head.utf8
            body += value
            body += "\r\n".utf8
        }
        body += "--\(boundary)--\r\n".utf8
        var headers = headers
        headers.add(name: "content-type", value: "multipart/mixed; boundary=\(boundary)")
        return HTTPReply(.multipleChoices, headers, body: body)
    }

    /// The actor in 16 hexadecimal digits, as JSON's numbers don't reach so far, a colon, the counter.
    static func text(_ dot: Dot) -> String { hexadecimal(dot.actor) + ":\(dot.counter)" }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
