import Glibc

/// What is sent with each request to the receiver of traces, such as a key. Secret: no value is ever printed.
public struct TraceHeaders: Sendable {
    struct Field: Sendable, Equatable {
        var name: String
        var value: String
    }

    private(set) var fields: [Field] = []

    /// None.
    public init() {}
}

/// The file of headers: one a line, as `Name: value`; empty lines and those that begin with `#` count for nothing.
extension TraceHeaders {
    /// Far more than a receiver takes.
    static let maxFileBytes = 64 << 10
    static let userAgent = "kvnode"

    /// What HTTP, gRPC, or the sender says itself.
    private static let reserved: Set = [
        "connection", "content-encoding", "content-length", "content-type", "host", "te",
        "transfer-encoding", "user-agent",
    ]

    /// Reads a file. Blocks.
    ///
    /// - Throws: `TraceExportError` that names the line, and not what is in it.
    public init(file path: String) throws(TraceExportError) {
        let text = try Self.read(path)
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let line = Self.trimmed(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let field = Field(line) else {
                throw TraceExportError("line \(index + 1) of \(path) is no header, such as \"Name: value\"")
            }
            let name = field.name.lowercased()
            if Self.reserved.contains(name) || name.hasPrefix("grpc-") || name.hasSuffix("-bin") {
                throw TraceExportError("line \(index + 1) of \(path): \(field.name) can't be set")
            }
            fields.append(field)
        }
    }

    private static func read(_ path: String) throws(TraceExportError) -> String {
        guard let file = fopen(path, "re") else {
            throw TraceExportError("the file \(path) can't be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: maxFileBytes + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else {
            throw TraceExportError("the file \(path) can't be read: \(String(cString: strerror(errno)))")
        }
        guard count <= maxFileBytes else {
            throw TraceExportError("the file \(path) has more than \(maxFileBytes) bytes")
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    fileprivate static func trimmed(_ text: some StringProtocol) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let begin = text.drop(while: isSpace)
        return String(String(begin.reversed().drop(while: isSpace)).reversed())
    }
}

extension TraceHeaders.Field {
    /// - Returns: nil if `line` is no header that HTTP takes.
    fileprivate init?(_ line: String) {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        name = String(line[..<colon])
        value = TraceHeaders.trimmed(line[line.index(after: colon)...])
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isName, !name.isEmpty, value.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) else {
            return nil
        }
    }
}
