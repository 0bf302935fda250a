import ClusterCore
import GRPCCore
import NIOCore
import ProtoWire

/// Decodes messages in place with the functions of RequestDecoding.swift.
enum ProtoMessage {
    static func decode<Message>(
        _ bytes: ByteBuffer, _ decode: (inout ProtoReader) throws(ProtoError) -> Message
    ) throws(GRPCFailure) -> Message {
        do {
            return try bytes.withUnsafeReadableBytes { bytes in
                var reader = ProtoReader(bytes)
                return try decode(&reader)
            }
        } catch ProtoError.refused(let error) {
            throw GRPCFailure(error)
        } catch ProtoError.tooMany(let limit) {
            let message =
                "a message has at most \(limit) entries, operations, members or fields, this one has more"
            throw GRPCFailure(RequestError(.invalidArgument, message))
        } catch {
            throw GRPCFailure(.invalidArgument, "The message can't be decoded: \(error).")
        }
    }
}
