import X509

/// Certificates that are not accepted any more though an authority has issued them and they have not expired.
///
/// A text file: a serial number a line, in hexadecimal as `openssl x509 -serial` prints it, with or without colons; `#` begins a
/// remark. Serial numbers are what is listed, and no hash of the certificate, since a holder can change the bytes of an
/// ECDSA signature into others that are as valid, and with them the hash.
struct RevocationList: Equatable, Sendable {
    private var serials: Set<Certificate.SerialNumber> = []

    static let empty = RevocationList()

    private init() {}

    /// - Throws: If a line is no serial number: a certificate that was meant must not be accepted in silence.
    init(_ text: String) throws(CredentialError) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let serial = line.prefix { $0 != "#" }.filter { !$0.isWhitespace && $0 != ":" }
            if serial.isEmpty { continue }
            guard let number = Certificate.SerialNumber(hexadecimal: serial) else {
                throw CredentialError("line \(index + 1) is no serial number in hexadecimal")
            }
            serials.insert(number)
        }
    }

    var count: Int { serials.count }

    func contains(_ certificate: Certificate) -> Bool { serials.contains(certificate.serialNumber) }
}

extension Certificate.SerialNumber {
    /// Nil unless `text` is 1 to 40 hexadecimal digits.
    init?(hexadecimal text: String) {
        guard (1...40).contains(text.utf8.count) else { return nil }
        let digits = text.count.isMultiple(of: 2) ? text : "0" + text
        var bytes: [UInt8] = []
        var rest = digits[...]
        while !rest.isEmpty {
            let pair = rest.prefix(2)
            guard pair.allSatisfy(\.isHexDigit), let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        self.init(bytes: bytes)
    }

    /// Two digits a byte.
    var hexadecimal: String { bytes.hexadecimal() }
}

extension Sequence<UInt8> {
    func hexadecimal(separator: String = "") -> String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: separator)
    }
}
