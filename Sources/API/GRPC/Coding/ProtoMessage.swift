import ClusterCore
import GRPCCore

/// Sends bytes that were encoded before.
struct EncodedSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) -> Bytes { Bytes(message) }
}

/// Decodes a message in place with one of the functions of RequestDecoding.swift.
struct ProtoDecoder<Message: Sendable>: MessageDeserializer {
    let decode: @Sendable (inout ProtoReader) throws(ProtoError) -> Message

    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> Message {
        do {
            return try serializedMessageBytes.withUnsafeBytes { bytes in
                var reader = ProtoReader(bytes)
                return try decode(&reader)
            }
        } catch ProtoError.refused(let error) {
            throw error.rpcError
        } catch ProtoError.tooMany(let limit) {
            let message =
                "a message has at most \(limit) entries, operations, members or fields, this one has more"
            throw RequestError(.invalidArgument, message).rpcError
        } catch {
            throw RPCError(code: .invalidArgument, message: "The message can't be decoded: \(error).")
        }
    }
}
