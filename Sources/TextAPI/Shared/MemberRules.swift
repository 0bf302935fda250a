/// What names, zones and addresses of members look like.
public enum MemberRules {
    public static let nameRule = "1 to 64 of the characters a-z, A-Z, 0-9, \".\", \"_\" and \"-\""

    /// Whether `text` may name a member or a zone.
    public static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || "._-".contains($0) }
    }

    /// Whether `text` is `host:port` with a port that can be connected to. The host is not resolved.
    package static func isAddress(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex, text.utf8.count <= 300,
            let port = Int(text[text.index(after: colon)...])
        else { return false }
        return (1...65_535).contains(port) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
}
