import ClusterCore
import NIOCore

/// The options of `SCAN`, `SSCAN` and `HSCAN`.
struct ScanOptions {
    private(set) var pattern: GlobPattern?
    private(set) var count: Int?
    /// As `TYPE` names it.
    private(set) var kind: String?

    init() {}

    /// Of what is in one key. All that there is comes with one reply, whose cursor says so, as it does in Redis for
    /// what is small: what a key holds is read whole.
    init(ofOne parser: RESPParser) throws(RESPCommandError) {
        guard Self.cursor(parser.argument(2)) != nil else { throw .invalidCursor }
        try read(parser, from: 3, allowsKind: false)
    }

    /// Any number will do, a negative one as well: that is how Redis reads them.
    static func cursor(_ argument: ByteBufferView) -> UInt64? {
        let isNegative = argument.first == UInt8(ascii: "-")
        let digits = String(decoding: isNegative ? argument.dropFirst() : argument, as: UTF8.self)
        guard digits.first != "+" else { return nil }
        return UInt64(digits).map { isNegative ? 0 &- $0 : $0 }
    }

    mutating func read(
        _ parser: RESPParser, from index: Int, allowsKind: Bool
    ) throws(RESPCommandError) {
        var index = index
        while index < parser.count {
            guard index + 1 < parser.count else { throw .syntax }
            switch parser.lowercased(index) {
            case "match": pattern = GlobPattern(parser.bytes(index + 1))
            case "count":
                let number = try parser.integer(index + 1)
                guard number > 0 else { throw .syntax }
                count = number
            case "type" where allowsKind: kind = parser.lowercased(index + 1)
            default: throw .syntax
            }
            index += 2
        }
    }

    func matches(_ name: [UInt8]) -> Bool { pattern?.matches(name) ?? true }

    func reply(_ elements: [RESPReply]) -> RESPReply { .array([.bulk("0"), .array(elements)]) }
}
