/// What objects may be called, so that every store can have them all.
enum ObjectName {
    static let maxBytes = 512

    /// - Throws: `invalidName`, with what is wrong with it.
    static func check(_ name: String) throws(ObjectStoreError) {
        if let fault = fault(name) { throw ObjectStoreError(.invalidName, "the name \"\(name)\" \(fault)") }
    }

    static func check(_ names: [String]) throws(ObjectStoreError) {
        for name in names { try check(name) }
    }

    /// Of the beginning of a name, which may end anywhere.
    static func checkPrefix(_ prefix: String) throws(ObjectStoreError) {
        if prefix.isEmpty { return }
        // A name goes on behind a slash.
        if let fault = fault(prefix.hasSuffix("/") ? prefix + "a" : prefix) {
            throw ObjectStoreError(.invalidName, "the prefix \"\(prefix)\" \(fault)")
        }
    }

    static func isValid(_ name: String) -> Bool { fault(name) == nil }

    private static func fault(_ name: String) -> String? {
        if name.isEmpty { return "is empty" }
        if name.utf8.count > maxBytes { return "is longer than \(maxBytes) bytes" }
        for part in name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let first = part.first else { return "has an empty part before or after a \"/\"" }
            if first == UInt8(ascii: ".") { return "has a part that begins with \".\"" }
            if !part.allSatisfy(isAllowed) {
                return "has other characters than A-Z, a-z, 0-9, \".\", \"_\", \"-\" and \"/\""
            }
        }
        return nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
