import NIOCore

/// The words of an inline command: separated by spaces, and quoted as in Redis. Within `"` a backslash makes
/// `\n \r \t \b \a`, `\xHH`, or stands for the character behind it; within `'` only `\'` is special. A closing quote ends
/// its word.
enum InlineWords {
    /// Appends the words to `words` and where they lie there to `ranges`.
    ///
    /// - Returns: Whether every quote is closed, and followed by a space or the end.
    static func split(
        _ line: ByteBufferView, into words: inout ByteBuffer, _ ranges: inout [Range<Int>]
    ) -> Bool {
        var rest = line[...]
        while true {
            rest = rest.drop(while: isSpace)
            if rest.isEmpty { return true }
            let begin = words.writerIndex
            guard takeWord(&rest, into: &words) else { return false }
            ranges.append(begin..<words.writerIndex)
        }
    }

    private static func takeWord(_ rest: inout ByteBufferView, into words: inout ByteBuffer) -> Bool {
        while let byte = rest.first, !isSpace(byte) {
            rest.removeFirst()
            guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") else {
                words.writeInteger(byte)
                continue
            }
            guard takeQuoted(by: byte, &rest, into: &words) else { return false }
            return rest.first.map(isSpace) ?? true
        }
        return true
    }

    /// What is behind an opening quote, up to the closing one.
    private static func takeQuoted(
        by quote: UInt8, _ rest: inout ByteBufferView, into words: inout ByteBuffer
    ) -> Bool {
        while let byte = rest.popFirst() {
            if byte == quote { return true }
            guard byte == UInt8(ascii: "\\"), let escaped = rest.first else {
                words.writeInteger(byte)
                continue
            }
            if quote == UInt8(ascii: "'") {
                let isQuote = escaped == quote
                words.writeInteger(isQuote ? quote : byte)
                if isQuote { rest.removeFirst() }
            } else {
                words.writeInteger(takeEscaped(&rest))
            }
        }
        return false
    }

    /// What a backslash within double quotes makes of what is behind it, of which there is some.
    private static func takeEscaped(_ rest: inout ByteBufferView) -> UInt8 {
        let byte = rest.removeFirst()
        switch byte {
        case UInt8(ascii: "n"): return UInt8(ascii: "\n")
        case UInt8(ascii: "r"): return UInt8(ascii: "\r")
        case UInt8(ascii: "t"): return UInt8(ascii: "\t")
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "a"): return 0x07
        case UInt8(ascii: "x"):
            let digits = rest.prefix(2).compactMap(hexValue)
            guard digits.count == 2 else { return byte }
            rest.removeFirst(2)
            return digits[0] << 4 | digits[1]
        default: return byte
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
    }

    /// As C's `isspace` has it.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
