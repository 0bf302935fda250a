import NIOCore

/// Writes replies of Redis's serialization protocol. What only its third version has is written as the second does it: a map
/// as an array of keys and values in turn.
struct RESPWriter {
    enum Version: Int, Sendable {
        case two = 2
        case three = 3
    }

    /// That of the connection; `HELLO` changes it.
    var version = Version.two
    /// What is to be sent.
    var buffer = ByteBuffer()

    /// A status, such as OK. Without line ends.
    mutating func simple(_ text: String) {
        buffer.writeInteger(UInt8(ascii: "+"))
        buffer.writeString(text)
        endLine()
    }

    /// - Parameters:
    ///   - code: Its first word, by which clients tell errors apart: ERR, WRONGTYPE …
    ///   - message: For people. Line ends and other control characters become spaces.
    mutating func error(_ message: String, code: String = "ERR") {
        buffer.writeInteger(UInt8(ascii: "-"))
        buffer.writeString(code)
        buffer.writeInteger(UInt8(ascii: " "))
        for byte in message.utf8 { buffer.writeInteger(byte < 0x20 ? UInt8(ascii: " ") : byte) }
        endLine()
    }

    mutating func integer(_ value: Int) { header(UInt8(ascii: ":"), value) }

    /// A string of any bytes.
    mutating func bulk(_ bytes: some Collection<UInt8>) {
        header(UInt8(ascii: "$"), bytes.count)
        buffer.writeBytes(bytes)
        endLine()
    }

    /// A string for people to read.
    mutating func text(_ text: String) {
        guard version == .three else { return bulk(text.utf8) }
        header(UInt8(ascii: "="), text.utf8.count + 4)
        buffer.writeStaticString("txt:")
        buffer.writeString(text)
        endLine()
    }

    /// What is not there.
    mutating func null() {
        switch version {
        case .two: buffer.writeStaticString("$-1\r\n")
        case .three: buffer.writeStaticString("_\r\n")
        }
    }

    /// So many replies follow, which are its elements.
    mutating func array(_ count: Int) { header(UInt8(ascii: "*"), count) }

    /// So many replies follow, in no order.
    mutating func set(_ count: Int) {
        switch version {
        case .two: array(count)
        case .three: header(UInt8(ascii: "~"), count)
        }
    }

    /// Twice as many replies follow: keys, each with its value behind it.
    mutating func map(_ count: Int) {
        switch version {
        case .two: header(UInt8(ascii: "*"), 2 * count)
        case .three: header(UInt8(ascii: "%"), count)
        }
    }

    private mutating func header(_ kind: UInt8, _ value: Int) {
        buffer.writeInteger(kind)
        decimal(value)
        endLine()
    }

    /// Without a string on the way.
    private mutating func decimal(_ value: Int) {
        if value < 0 { buffer.writeInteger(UInt8(ascii: "-")) }
        let magnitude = value.magnitude
        var power: UInt = 1
        while magnitude / power >= 10 { power *= 10 }
        while power > 0 {
            buffer.writeInteger(UInt8(ascii: "0") + UInt8(magnitude / power % 10))
            power /= 10
        }
    }

    private mutating func endLine() { buffer.writeStaticString("\r\n") }
}
