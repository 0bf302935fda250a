/// Cuts a stream of bytes into lines and puts a prefix before each, so that the logs of several processes can share a
/// terminal.
struct LinePrefixer {
    /// A longer line is broken, so that a child cannot make its parent grow.
    static let maxLine = 64 << 10

    private let prefix: [UInt8]
    private var rest: [UInt8] = []

    init(prefix: String) { self.prefix = Array(prefix.utf8) }

    /// The lines that `bytes` completes.
    mutating func add(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        for byte in bytes {
            if byte != UInt8(ascii: "\n") { rest.append(byte) }
            if byte == UInt8(ascii: "\n") || rest.count >= Self.maxLine { output += takeLine() }
        }
        return output
    }

    /// What is left when the stream ends.
    mutating func finish() -> [UInt8] { rest.isEmpty ? [] : takeLine() }

    private mutating func takeLine() -> [UInt8] {
        defer { rest.removeAll(keepingCapacity: true) }
        return prefix + rest + [UInt8(ascii: "\n")]
    }
}
