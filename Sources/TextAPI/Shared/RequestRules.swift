import ClusterCore

/// What both client APIs do to a request before the store sees it. The store checks the rest itself.
package struct RequestRules: Sendable {
    /// The keys in a page whose request names no number, and the most that any page has.
    private let defaultListLimit: Int
    private let maxListLimit: Int

    package init(defaultListLimit: Int, maxListLimit: Int) {
        self.defaultListLimit = defaultListLimit
        self.maxListLimit = maxListLimit
    }

    /// Fills in what was left out, and refuses what couldn't be given back through every API.
    package func apply(to request: inout Request) throws(RequestError) {
        switch request {
        case .get, .update: return
        case .put(var put):
            // Else a write under if-match would be concurrent to the very values that it matched.
            if case .ifMatch(let token) = put.condition, put.context.isEmpty {
                put.context = token
                request = .put(put)
            }
            if case .value(_, let contentType) = put.content, !Self.isPrintable(contentType) {
                throw RequestError(.invalidArgument, "a content type has printable ASCII characters only")
            }
        case .list(var list):
            list.limit = min(list.limit == 0 ? defaultListLimit : list.limit, maxListLimit)
            request = .list(list)
        }
    }

    /// Whether `text` can be the value of an HTTP header.
    static func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7e).contains($0) } }
}
