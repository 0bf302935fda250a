package import NIOCore

/// Why bytes on a stream are no message that is taken.
package enum MessageError: Error {
    /// No compression was agreed on, nor will be.
    case compressed
    case tooLong(bytes: Int, limit: Int)
}

/// Takes gRPC's messages out of what comes on a stream: a byte that says whether it is compressed, four of its length,
/// and the message.
package struct MessageReader {
    package static let headerBytes = 5

    /// What has come and is no whole message yet.
    private var rest = ByteBuffer()

    package init() {}

    /// Bytes that have come and were not given out.
    package var count: Int { rest.readableBytes }

    package mutating func append(_ bytes: consuming ByteBuffer) {
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
    package mutating func next(maxBytes: Int) throws(MessageError) -> ByteBuffer? {
        guard let isCompressed = rest.getInteger(at: rest.readerIndex, as: UInt8.self) else { return nil }
        guard isCompressed == 0 else { throw .compressed }
        guard let length = rest.getInteger(at: rest.readerIndex + 1, as: UInt32.self) else { return nil }
        guard length <= maxBytes else { throw .tooLong(bytes: Int(length), limit: maxBytes) }
        guard rest.readableBytes >= Self.headerBytes + Int(length) else { return nil }
        rest.moveReaderIndex(forwardBy: Self.headerBytes)
        return rest.readSlice(length: Int(length))
    }

    /// Lets go of the memory that the bytes came in: a part of a message would keep all that was read from the socket with
    /// it for as long as the rest of the message takes.
    package mutating func detach() {
        if rest.readableBytes > 0, rest.storageCapacity > 2 * rest.readableBytes {
            rest = ByteBuffer(bytes: rest.readableBytesView)
        }
    }

    /// `message` with its header.
    package static func frame(_ message: [UInt8], _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: headerBytes + message.count)
        buffer.writeInteger(0 as UInt8)
        buffer.writeInteger(UInt32(message.count))
        buffer.writeBytes(message)
        return buffer
    }
}
