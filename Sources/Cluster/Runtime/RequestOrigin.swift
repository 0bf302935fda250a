import ClusterCore

/// How a request has come to this node.
public enum RequestOrigin: UInt8, Sendable, CaseIterable {
    case grpc
    case http
    case resp
    /// By another node, which is no replica of the key, or can't do it: a client has asked that one.
    case peer

    /// Written out, as a name by reflection takes a microsecond.
    var name: String {
        switch self {
        case .grpc: "grpc"
        case .http: "http"
        case .resp: "resp"
        case .peer: "peer"
        }
    }
}

/// What a request asks, as far as it is counted.
enum RequestKind: UInt8, CaseIterable {
    case get
    case put
    case delete
    /// Of counters, sets, maps and times to live.
    case update
    case list

    /// How many there are, without a list of them.
    static let count = allCases.count

    init(_ request: Request) {
        switch request {
        case .get: self = .get
        case .put(let put): if case .tombstone = put.content { self = .delete } else { self = .put }
        case .update: self = .update
        case .list: self = .list
        }
    }

    /// Written out, as a name by reflection takes a microsecond.
    var name: String {
        switch self {
        case .get: "get"
        case .put: "put"
        case .delete: "delete"
        case .update: "update"
        case .list: "list"
        }
    }
}
