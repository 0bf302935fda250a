import NIOCore

/// Takes gRPC's messages out of what comes on a stream: a byte that says whether it is compressed, four of its length,
/// and the message.
struct MessageReader {
    private static let headerBytes = 5

    /// What has come and is no whole message yet.
    private var rest = ByteBuffer()

    mutating func append(_ bytes: consuming ByteBuffer) {
        if rest.readableBytes == 0 {
            rest = bytes
        } else {
            rest.discardReadBytes()
            rest.writeBuffer(&bytes)
        }
    }

    /// The next message, nil as long as it has not come whole.
    ///
    /// - Parameter maxBytes: Whatever is longer is refused by its length alone.
    mutating func next(maxBytes: Int) throws(Refusal) -> [UInt8]? {
        guard let isCompressed = rest.getInteger(at: rest.readerIndex, as: UInt8.self),
            let length = rest.getInteger(at: rest.readerIndex + 1, as: UInt32.self)
        else { return nil }
        guard isCompressed == 0 else { throw Refusal(.malformedHello, "its messages are compressed") }
        guard length <= maxBytes else {
            throw Refusal(
                .batchTooLarge, "it has sent a batch of \(length) bytes, over the limit of \(maxBytes)")
        }
        guard rest.readableBytes >= Self.headerBytes + Int(length) else { return nil }
        rest.moveReaderIndex(forwardBy: Self.headerBytes)
        return rest.readBytes(length: Int(length))
    }

    /// `message` with its header.
    static func frame(_ message: [UInt8], _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: headerBytes + message.count)
        buffer.writeInteger(0 as UInt8)
        buffer.writeInteger(UInt32(message.count))
        buffer.writeBytes(message)
        return buffer
    }
}
