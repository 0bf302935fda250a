/// Percent-encoding of URIs (RFC 3986).
enum PercentCoding {
    /// The bytes that `text` stands for; nil if a `%` isn't followed by two hexadecimal digits.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text.makeIterator()
        while let character = rest.next() {
            guard character == UInt8(ascii: "%") else {
                bytes.append(character)
                continue
            }
            guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// Like `decode`; nil too if the bytes aren't UTF-8.
    static func decodeText(_ text: some Collection<UInt8>) -> String? {
        decode(text).flatMap { String(validating: $0, as: UTF8.self) }
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
