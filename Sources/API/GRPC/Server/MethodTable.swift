/// What the server can be asked for, by the paths of HTTP/2.
struct MethodTable: Sendable {
    enum Method: Sendable {
        case request(RequestCall.Decode, ReplyMessage)
        /// With how an entry is decoded.
        case batch(RequestCall.Decode, ReplyMessage)
        case session
        case control(ControlMethod)
    }

    private var methods: [String: Method] = [:]

    subscript(path: String) -> Method? { methods[path] }

    /// - Parameter name: With the service's: `kvnode.v1.KeyValue/Get`.
    mutating func add(_ name: String, _ method: Method) { methods["/" + name] = method }
}
