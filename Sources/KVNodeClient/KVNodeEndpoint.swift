/// Where a node serves clients: `10.0.0.1:7400`, `[::1]:7400`, `node0.example:7400`.
public struct KVNodeEndpoint: Hashable, Sendable, LosslessStringConvertible {
    /// A DNS name or an address; an IPv6 address is without brackets.
    public var host: String
    /// 1 to 65,535.
    public var port: Int

    /// - Parameters:
    ///   - host: A DNS name or an address; an IPv6 address is without brackets.
    ///   - port: The node's `grpc.listen`.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Nil unless `text` is `host:port`; an IPv6 address needs its brackets.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            port > 0
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else {
            guard !host.contains(":") else { return nil }
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// As `init(_:)` takes it.
    public var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    var isIPv6: Bool { host.contains(":") }

    var isIPv4: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
