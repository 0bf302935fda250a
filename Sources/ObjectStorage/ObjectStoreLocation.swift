/// Where a store is, as an operator writes it.
public enum ObjectStoreLocation: Sendable, Equatable, CustomStringConvertible {
    /// `s3://bucket` or `s3://bucket/prefix`. The prefix is a folder's, without a slash at either end; empty: the whole bucket.
    case s3(bucket: String, prefix: String)
    /// `file:///path`: an absolute path without a slash at its end.
    case file(path: String)

    /// S3 takes 1,024 bytes with the object's name.
    static let maxPrefixBytes = 500

    /// - Throws: `invalidName`, with what would be right.
    public init(_ text: String) throws(ObjectStoreError) {
        if text.hasPrefix("s3://") {
            self = try Self.s3(of: text)
        } else if text.hasPrefix("file://") {
            self = .file(path: try Self.checkedPath(String(text.dropFirst("file://".count))))
        } else {
            throw Self.error(text, "begins neither with \"s3://\" nor with \"file:///\"")
        }
    }

    public var description: String {
        switch self {
        case .s3(let bucket, ""): "s3://\(bucket)"
        case .s3(let bucket, let prefix): "s3://\(bucket)/\(prefix)"
        case .file(let path): "file://\(path)"
        }
    }

    private static func s3(of text: String) throws(ObjectStoreError) -> ObjectStoreLocation {
        let parts = text.dropFirst("s3://".count).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let bucket = String(parts[0])
        if let fault = bucketFault(bucket) { throw error(text, "names a bucket that \(fault)") }
        var prefix = parts.count > 1 ? String(parts[1]) : ""
        if prefix.hasSuffix("/") { prefix.removeLast() }
        if let fault = prefixFault(prefix) { throw error(text, "has a prefix that \(fault)") }
        return .s3(bucket: bucket, prefix: prefix)
    }

    /// By S3's rules for buckets of general purpose.
    static func bucketFault(_ bucket: String) -> String? {
        let bytes = bucket.utf8
        guard (3...63).contains(bytes.count) else { return "has not 3 to 63 characters" }
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let isMade = bytes.allSatisfy {
            isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
        guard isMade, !bucket.contains("..") else {
            return "has other characters than a-z, 0-9, \"-\" and single \".\""
        }
        guard let first = bytes.first, let last = bytes.last, isLetterOrDigit(first), isLetterOrDigit(last)
        else { return "begins or ends with neither a letter nor a digit" }
        return nil
    }

    static func prefixFault(_ prefix: String) -> String? {
        if prefix.isEmpty { return nil }
        if prefix.utf8.count > maxPrefixBytes { return "is longer than \(maxPrefixBytes) bytes" }
        if prefix.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "has control characters" }
        for part in prefix.split(separator: "/", omittingEmptySubsequences: false)
        where part.isEmpty || part == "." || part == ".." {
            return "has an empty part, \".\" or \"..\""
        }
        return nil
    }

    /// - Returns: The absolute path without slashes at its end.
    static func checkedPath(_ path: String) throws(ObjectStoreError) -> String {
        guard path.hasPrefix("/") else {
            throw error("file://\(path)", "has no absolute path after \"file://\": \"file:///path\" would do")
        }
        guard !path.utf8.contains(0) else { throw error("file://\(path)", "has a zero byte") }
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static func error(_ text: String, _ fault: String) -> ObjectStoreError {
        ObjectStoreError(.invalidName, "the location \"\(text)\" \(fault)")
    }
}
