/// Where a server listens or a client connects: `127.0.0.1:7400`, `[::1]:7400`, `node0.example:7400`.
struct HostPort: Equatable, Sendable, CustomStringConvertible {
    /// Without the brackets of an IPv6 address.
    var host: String
    /// 0 lets the system choose, where one listens.
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Nil unless `text` is `host:port`; an IPv6 address needs its brackets.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard let port = Int(digits), (0...65_535).contains(port), digits.allSatisfy(\.isASCIIDigit)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":"), host.allSatisfy(Self.isIPv6Character) else { return nil }
        } else {
            guard host.allSatisfy(Self.isHostCharacter) else { return nil }
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    var isIPv6: Bool { host.contains(":") }

    var isIPv4: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isASCIIDigit) && Int($0) ?? 256 < 256 }
    }

    var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isHostCharacter(_ c: Character) -> Bool {
        c.isASCII && (c.isLetter || c.isNumber) || c == "." || c == "-" || c == "_"
    }

    /// The zone of a link-local address (`%eth0`) included.
    private static func isIPv6Character(_ c: Character) -> Bool { c == ":" || c == "%" || isHostCharacter(c) }
}

extension Character {
    var isASCIIDigit: Bool { isASCII && isNumber }
}
