import ClusterCore

/// Messages on their way to one peer, encoded as they come, cut into batches well below any peer's limit: so that only
/// a message that is itself too long can be refused for its length. The transport joins batches again while its stream
/// is busy.
struct PeerBatches {
    struct Batch {
        var bytes: [UInt8]
        /// The identifiers of the messages in it.
        var ids: [UInt64]
    }

    static let targetBytes = 64 << 10

    private var closed: [Batch] = []
    private var writer = ByteWriter()
    private var ids: [UInt64] = []

    var isEmpty: Bool { closed.isEmpty && ids.isEmpty }

    mutating func append(_ id: UInt64, _ encode: (inout ByteWriter) -> Void) {
        let start = writer.count
        encode(&writer)
        if writer.count < Self.targetBytes {
            ids.append(id)
        } else {
            // A long message goes alone, so that no other shares its fate.
            let bytes = writer.bytes
            if start > 0 { closed.append(Batch(bytes: Array(bytes[..<start]), ids: ids)) }
            closed.append(Batch(bytes: start > 0 ? Array(bytes[start...]) : bytes, ids: [id]))
            writer = ByteWriter()
            ids = []
        }
    }

    /// All batches, in order; none is left.
    mutating func take() -> [Batch] {
        if !ids.isEmpty { closed.append(Batch(bytes: writer.bytes, ids: ids)) }
        defer { self = PeerBatches() }
        return closed
    }
}
