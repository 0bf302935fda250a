/// A pattern of Redis's: `*` any bytes, `?` one byte, `[a-z]` and `[^a-z]` one of a set, `\\` before a byte that is meant.
struct GlobPattern {
    fileprivate enum Piece {
        case any
        case one
        case byte(UInt8)
        case set([ClosedRange<UInt8>], isNegated: Bool)
    }

    private let pieces: [Piece]

    init(_ pattern: [UInt8]) {
        var pieces: [Piece] = []
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "*"): pieces.append(.any)
            case UInt8(ascii: "?"): pieces.append(.one)
            case UInt8(ascii: "["): pieces.append(Self.set(pattern, &index))
            case UInt8(ascii: "\\") where index + 1 < pattern.count:
                index += 1
                pieces.append(.byte(pattern[index]))
            case let byte: pieces.append(.byte(byte))
            }
            index += 1
        }
        self.pieces = pieces
    }

    /// - Parameter index: Of the bracket; then that of the closing one, or of the last byte where that is missing.
    private static func set(_ pattern: [UInt8], _ index: inout Int) -> Piece {
        index += 1
        let isNegated = index < pattern.count && pattern[index] == UInt8(ascii: "^")
        if isNegated { index += 1 }
        var ranges: [ClosedRange<UInt8>] = []
        while index < pattern.count, pattern[index] != UInt8(ascii: "]") {
            if pattern[index] == UInt8(ascii: "\\"), index + 1 < pattern.count { index += 1 }
            var (low, high) = (pattern[index], pattern[index])
            if index + 2 < pattern.count, pattern[index + 1] == UInt8(ascii: "-") {
                high = pattern[index + 2]
                index += 2
            }
            if low > high { swap(&low, &high) }
            ranges.append(low...high)
            index += 1
        }
        return .set(ranges, isNegated: isNegated)
    }

    /// The bytes that every text begins with which fits.
    var prefix: [UInt8] {
        var prefix: [UInt8] = []
        for case .byte(let byte) in pieces.prefix(while: \.isByte) { prefix.append(byte) }
        return prefix
    }

    /// Linear in the text for each `*`: only the last one that was met is ever tried again.
    func matches(_ text: [UInt8]) -> Bool {
        var (piece, place) = (0, 0)
        var lastAny: (piece: Int, place: Int)?
        while place < text.count {
            if piece < pieces.count, case .any = pieces[piece] {
                lastAny = (piece, place)
                piece += 1
            } else if piece < pieces.count, pieces[piece].matches(text[place]) {
                piece += 1
                place += 1
            } else if let last = lastAny {
                piece = last.piece + 1
                place = last.place + 1
                lastAny = (last.piece, place)
            } else {
                return false
            }
        }
        return pieces[piece...].allSatisfy { if case .any = $0 { true } else { false } }
    }
}

extension GlobPattern.Piece {
    fileprivate var isByte: Bool { if case .byte = self { true } else { false } }

    fileprivate func matches(_ byte: UInt8) -> Bool {
        switch self {
        case .any, .one: true
        case .byte(let expected): byte == expected
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(byte) } != isNegated
        }
    }
}
