import NIOHTTP1

/// Entity tags (RFC 9110): a key's tag is its context in base64, between quotes, so it changes with every
/// write.
enum EntityTag {
    static func make(_ encodedContext: String) -> String { "\"" + encodedContext + "\"" }

    /// The tags of an `If-Match` or `If-None-Match`.
    enum List: Equatable {
        /// `*`
        case any
        case tags([Tag])

        /// Whether one of the tags is `opaque`, whether weak or not.
        func weaklyContains(_ opaque: String) -> Bool {
            switch self {
            case .any: true
            case .tags(let tags): tags.contains { $0.opaque == opaque }
            }
        }

        /// Whether one of the tags is `opaque`, and not weak.
        func stronglyContains(_ opaque: String) -> Bool {
            switch self {
            case .any: true
            case .tags(let tags): tags.contains { $0.opaque == opaque && !$0.isWeak }
            }
        }
    }

    struct Tag: Equatable {
        var isWeak: Bool
        /// What is between the quotes.
        var opaque: String
    }

    /// The field's tags; nil if the request has no such field.
    static func list(_ name: String, in headers: HTTPHeaders) throws(Problem) -> List? {
        guard headers.contains(name: name) else { return nil }
        let fields = headers[canonicalForm: name]
        if fields.count == 1, fields[0] == "*" { return .any }
        var tags: [Tag] = []
        // Base64 has no comma, so splitting at commas, which the call above did, can't tear one of our tags
        // apart.
        for field in fields {
            let isWeak = field.hasPrefix("W/")
            let quoted = isWeak ? field.dropFirst(2) : field
            guard quoted.count >= 2, quoted.hasPrefix("\""), quoted.hasSuffix("\"") else {
                throw .badRequest("\(name) isn't a list of quoted entity tags")
            }
            tags.append(Tag(isWeak: isWeak, opaque: String(quoted.dropFirst().dropLast())))
        }
        guard !tags.isEmpty else { throw .badRequest("\(name) is empty") }
        return .tags(tags)
    }
}
