import Crypto

/// What a block is known by: the first half of its bytes' SHA-256, or of their HMAC where a backup is encrypted, so that nobody
/// without the key can tell whether some value is in it.
struct BlockID: Hashable, Sendable {
    static let byteCount = 16

    var high: UInt64
    var low: UInt64

    /// - Precondition: At least `byteCount` bytes.
    init(_ bytes: some Collection<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.prefix(Self.byteCount).enumerated() {
            if index < 8 {
                words.0 = words.0 << 8 | UInt64(byte)
            } else {
                words.1 = words.1 << 8 | UInt64(byte)
            }
        }
        (high, low) = words
    }
}

/// 256 bits of a digest, as objects are checked by.
struct Fingerprint: Hashable, Sendable {
    static let byteCount = 32

    var bytes: [UInt8]

    init(of bytes: [UInt8]) { self.bytes = Array(SHA256.hash(data: bytes)) }

    /// - Returns: Nil unless it is the text of one.
    init?(hex text: String) {
        guard let bytes = [UInt8](hex: text), bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    var hex: String { bytes.hex }
}

extension [UInt8] {
    /// Two digits for each byte, in lower case.
    var hex: String {
        reduce(into: "") { text, byte in
            text += byte < 16 ? "0" : ""
            text += String(byte, radix: 16)
        }
    }

    /// - Returns: Nil unless there are two hexadecimal digits for each byte.
    init?(hex text: String) {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
