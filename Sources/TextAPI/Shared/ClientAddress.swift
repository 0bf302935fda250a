import NIOCore

extension Channel {
    /// Where the client is, for people: `127.0.0.1:50123`.
    package var clientAddress: String {
        guard let address = remoteAddress, let host = address.ipAddress else { return "unknown" }
        return address.protocol == .inet6 ? "[\(host)]:\(address.port ?? 0)" : "\(host):\(address.port ?? 0)"
    }
}
