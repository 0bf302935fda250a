import TraceExport

extension TraceEndpoint {
    /// - Parameter url: `http://` or `https://`, a host, maybe a port, which else is 80 or 443, and maybe a path. A query, or a user with
    ///   a password, has no meaning here, and would be printed: that is what headers are for.
    /// - Returns: nil if it is none of these.
    init?(url: String) {
        let isSecure = url.hasPrefix("https://")
        guard isSecure || url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst((isSecure ? "https://" : "http://").count)
        let authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path.removeLast() }
        guard path.allSatisfy(Self.isPathCharacter),
            let place = HostPort(String(authority)) ?? HostPort("\(authority):\(isSecure ? 443 : 80)"),
            place.port > 0
        else { return nil }
        self.init(isSecure: isSecure, host: place.host, port: place.port, path: String(path))
    }

    private static func isPathCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber) || "/-._~%".contains(character)
    }
}
