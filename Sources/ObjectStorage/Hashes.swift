import Crypto
import Foundation
import NIOCore

enum Hashes {
    static func sha256(_ bytes: ByteBuffer) -> SHA256Digest {
        hash(bytes, SHA256())
    }

    static func sha256(_ text: String) -> SHA256Digest { SHA256.hash(data: Data(text.utf8)) }

    /// For `Content-MD5`, which S3 asks for against damage, not against attackers.
    static func md5(_ bytes: ByteBuffer) -> Insecure.MD5Digest {
        hash(bytes, Insecure.MD5())
    }

    private static func hash<Function: HashFunction>(_ bytes: ByteBuffer, _ function: Function)
        -> Function.Digest
    {
        var function = function
        bytes.withUnsafeReadableBytes { function.update(bufferPointer: $0) }
        return function.finalize()
    }

    /// In lower-case digits.
    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func base64(_ bytes: some Sequence<UInt8>) -> String { Data(bytes).base64EncodedString() }
}
