package import NIOHPACK

/// The headers that a server answers with.
package enum ReplyHeaders {
    /// How a reply begins that has messages.
    package static let begin: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]

    /// How one ends that went well.
    package static let ok: HPACKHeaders = ["grpc-status": "0"]

    /// How a reply ends.
    ///
    /// - Parameters:
    ///   - code: gRPC's number of the status.
    ///   - isAll: Whether nothing was sent before.
    package static func end(code: Int, message: String, isAll: Bool) -> HPACKHeaders {
        var headers = isAll ? begin : [:]
        headers.add(name: "grpc-status", value: "\(code)")
        if !message.isEmpty { headers.add(name: "grpc-message", value: StatusMessage.encode(message)) }
        return headers
    }
}

/// gRPC's `grpc-message`: percent-encoded UTF-8.
package enum StatusMessage {
    package static func encode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            if 0x20...0x7e ~= byte, byte != UInt8(ascii: "%") {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// What is no encoding stays as it is.
    package static func decode(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let digits = bytes[index...].dropFirst().prefix(2)
            if bytes[index] == UInt8(ascii: "%"), digits.count == 2,
                let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                decoded.append(byte)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
