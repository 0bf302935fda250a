import ClusterCore
import NIOCore
import ProtoWire

@testable import API
@testable import GRPCWire
@testable import TextAPI

extension FuzzTarget {
    /// The messages of a gRPC stream, and what each asks for, whatever its method is.
    static let grpc = FuzzTarget("grpc", heap: HeapAllowance(perByte: 256, base: 64 << 10)) { bytes in
        let whole = GRPCTarget.messages(in: [bytes])
        let split = GRPCTarget.messages(in: pieces(of: bytes))
        try claim(
            split.messages == whole.messages && split.isBroken == whole.isBroken,
            "what comes in pieces is not what comes whole")
        let framed = whole.messages.flatMap {
            Array(buffer: MessageReader.frame($0, ByteBufferAllocator()))
        }
        try claim(bytes.starts(with: framed), "messages that were read are written otherwise")
        var isTaken = false
        for message in whole.messages {
            if try GRPCTarget.decode(message) { isTaken = true }
        }
        let text = String(decoding: bytes.prefix(64), as: UTF8.self)
        try claim(StatusMessage.decode(StatusMessage.encode(text)) == text, "a status says another thing")
        if let time = GRPCDeadline.milliseconds(text) { try claim(time > 0, "a deadline of \(time) ms") }
        return isTaken
    }
}

private enum GRPCTarget {
    private static let maxMessageBytes = 1024
    private static let maxEntries = 16

    static func messages(in pieces: [[UInt8]]) -> (messages: [[UInt8]], isBroken: Bool) {
        var reader = MessageReader()
        var messages: [[UInt8]] = []
        do throws(MessageError) {
            for piece in pieces {
                reader.append(ByteBuffer(bytes: piece))
                while let message = try reader.next(maxBytes: maxMessageBytes) {
                    messages.append(Array(buffer: message))
                }
                reader.detach()
            }
        } catch {
            return (messages, true)
        }
        return (messages, false)
    }

    /// - Returns: Whether it asks for anything.
    static func decode(_ message: [UInt8]) throws -> Bool {
        let requests = [
            read(message, Request.decodeGet), read(message, Request.decodePut),
            read(message, Request.decodeDelete), read(message, Request.decodeList),
            read(message, Request.decodeUpdateData),
        ].compactMap(\.self)
        for request in requests { try PeerTarget.checkForwarding(request) }
        try checkEntries(of: message, Request.decodeGet)
        try checkEntries(of: message, Request.decodePut)
        let operations = read(message) { reader throws(ProtoError) in
            try SessionOperation.decodeBatch(&reader, limit: maxEntries)
        }
        for case .success(let request) in (operations ?? []).map(\.request) {
            try PeerTarget.checkForwarding(request)
        }
        return !requests.isEmpty
    }

    private static func checkEntries(of message: [UInt8], _ decode: RequestCall.Decode) throws {
        let entries = read(message) { reader throws(ProtoError) in
            try Request.decodeBatch(&reader, limit: maxEntries, entry: decode)
        }
        try claim((entries ?? []).count <= maxEntries, "more entries than the limit")
    }

    private static func read<Value>(
        _ message: [UInt8], _ decode: (inout ProtoReader) throws(ProtoError) -> Value
    ) -> Value? {
        message.withUnsafeBytes { bytes in
            var reader = ProtoReader(bytes)
            return try? decode(&reader)
        }
    }
}
