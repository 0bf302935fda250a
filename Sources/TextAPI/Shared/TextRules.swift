import Access
import NIOHTTP1

/// The rules of access for HTTP and Redis's protocol, all of them, for people and for tests.
public enum TextRules {
    public static let http: [AccessRule] = HTTPRoute.Path.allCases.flatMap { path in
        path.methods.map { AccessRule(.http, "\($0.rawValue) \(path.rawValue)", path.operation(for: $0)) }
    }

    public static let resp: [AccessRule] = RESPCommand.allCases.map {
        AccessRule(.resp, $0.rawValue, $0.operation)
    }
}
