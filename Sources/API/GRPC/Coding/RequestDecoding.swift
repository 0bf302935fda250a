import ClusterCore
import ProtoWire

/// An operation of a session, as it came.
struct SessionOperation: Equatable, Sendable {
    var id: UInt64
    /// Or why there is none: that fails this operation alone.
    var request: Result<Request, RequestError> = .failure(
        RequestError(.invalidArgument, "an operation of no kind that this node knows"))
    /// How it is answered.
    var reply: ReplyMessage = .get
}

// Decodes the messages of proto/kvnode/v1/kvnode.proto straight into the core's types. As protobuf has it: of
// a field that comes twice the last counts, of a oneof too, and unknown fields are passed over.

extension Request {
    static func decodeGet(_ reader: inout ProtoReader) throws(ProtoError) -> Request {
        .get(try GetRequest(proto: &reader))
    }
    static func decodePut(_ reader: inout ProtoReader) throws(ProtoError) -> Request {
        .put(try PutRequest(proto: &reader))
    }
    static func decodeDelete(_ reader: inout ProtoReader) throws(ProtoError) -> Request {
        .put(try PutRequest(protoDelete: &reader))
    }
    static func decodeList(_ reader: inout ProtoReader) throws(ProtoError) -> Request {
        .list(try ListRequest(proto: &reader))
    }

    /// A BatchGetRequest or BatchPutRequest: its entries, those without options of their own with the
    /// batch's.
    ///
    /// - Parameter limit: Entries at most. Held against each before it is decoded: an empty entry takes two
    ///   bytes of the message and a hundred times that of memory.
    static func decodeBatch(
        _ reader: inout ProtoReader, limit: Int, entry: (inout ProtoReader) throws(ProtoError) -> Request
    ) throws(ProtoError) -> [Request] {
        var entries: [Request] = []
        var common = RequestOptions()
        while let tag = try reader.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited):
                guard entries.count < limit else { throw .tooMany(limit: limit) }
                var part = try reader.message()
                entries.append(try entry(&part))
            case (2, .lengthDelimited): try common.decode(&reader)
            default: try reader.skip(tag.wire)
            }
        }
        if common != RequestOptions() {
            for index in entries.indices where entries[index].options == RequestOptions() {
                entries[index].options = common
            }
        }
        return entries
    }

    private var options: RequestOptions {
        get { RequestOptions(quorum: quorum, timeoutMillis: timeoutMillis) }
        set { (quorum, timeoutMillis) = (newValue.quorum, newValue.timeoutMillis) }
    }
}

extension SessionOperation {
    /// A SessionRequest of `limit` operations at most.
    static func decodeBatch(
        _ reader: inout ProtoReader, limit: Int
    ) throws(ProtoError) -> [SessionOperation] {
        var operations: [SessionOperation] = []
        while let tag = try reader.nextTag() {
            guard tag.field == 1, tag.wire == .lengthDelimited else {
                try reader.skip(tag.wire)
                continue
            }
            guard operations.count < limit else { throw .tooMany(limit: limit) }
            var part = try reader.message()
            operations.append(try SessionOperation(proto: &part))
        }
        return operations
    }

    private init(proto reader: inout ProtoReader) throws(ProtoError) {
        id = 0
        while let tag = try reader.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .varint): id = try reader.varint()
            case (2, .lengthDelimited): try embedded(&reader, .get, Request.decodeGet)
            case (3, .lengthDelimited): try embedded(&reader, .put, Request.decodePut)
            case (4, .lengthDelimited): try embedded(&reader, .delete, Request.decodeDelete)
            case (5, .lengthDelimited): try embedded(&reader, .list, Request.decodeList)
            case (7, .lengthDelimited): try embedded(&reader, .updateData, Request.decodeUpdateData)
            case (8, .lengthDelimited): try embedded(&reader, .getData, Request.decodeGet)
            default: try reader.skip(tag.wire)
            }
        }
    }

    private mutating func embedded(
        _ reader: inout ProtoReader, _ reply: ReplyMessage,
        _ decode: (inout ProtoReader) throws(ProtoError) -> Request
    ) throws(ProtoError) {
        var part = try reader.message()
        self.reply = reply
        do throws(ProtoError) {
            request = .success(try decode(&part))
        } catch .refused(let error) {
            request = .failure(error)
        }
    }
}

/// An Options.
struct RequestOptions: Equatable {
    var quorum = QuorumOverrides()
    var timeoutMillis = 0

    mutating func decode(_ reader: inout ProtoReader) throws(ProtoError) {
        var part = try reader.message()
        while let tag = try part.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .varint): quorum.n = Int(try part.uint32())
            case (2, .varint): quorum.r = Int(try part.uint32())
            case (3, .varint): quorum.w = Int(try part.uint32())
            case (4, .varint): timeoutMillis = Int(try part.uint32())
            default: try part.skip(tag.wire)
            }
        }
    }
}

extension GetRequest {
    fileprivate init(proto reader: inout ProtoReader) throws(ProtoError) {
        self.init(bucket: "", key: [])
        var options = RequestOptions()
        while let tag = try reader.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited): bucket = try reader.string()
            case (2, .lengthDelimited): key = try reader.byteArray()
            case (3, .lengthDelimited): try options.decode(&reader)
            default: try reader.skip(tag.wire)
            }
        }
        (quorum, timeoutMillis) = (options.quorum, options.timeoutMillis)
    }
}

extension PutRequest {
    fileprivate init(proto reader: inout ProtoReader) throws(ProtoError) {
        self.init(bucket: "", key: [], content: .tombstone)
        var value: [UInt8] = []
        var contentType = ""
        var options = RequestOptions()
        while let tag = try reader.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited): bucket = try reader.string()
            case (2, .lengthDelimited): key = try reader.byteArray()
            case (3, .lengthDelimited): value = try reader.byteArray()
            case (4, .lengthDelimited): contentType = try reader.string()
            case (5, .lengthDelimited): context = try reader.byteArray()
            case (6, .varint): expiry = Expiry(ttlSeconds: Int(try reader.uint32()))
            case (7, .varint): condition = try reader.varint() == 0 ? .none : .ifAbsent
            case (8, .lengthDelimited): condition = .ifMatch(try reader.byteArray())
            case (9, .varint): returnSiblings = try reader.varint() != 0
            case (10, .lengthDelimited): try options.decode(&reader)
            default: try reader.skip(tag.wire)
            }
        }
        content = .value(value, contentType: contentType)
        (quorum, timeoutMillis) = (options.quorum, options.timeoutMillis)
    }

    fileprivate init(protoDelete reader: inout ProtoReader) throws(ProtoError) {
        self.init(bucket: "", key: [], content: .tombstone)
        var options = RequestOptions()
        while let tag = try reader.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited): bucket = try reader.string()
            case (2, .lengthDelimited): key = try reader.byteArray()
            case (3, .lengthDelimited): context = try reader.byteArray()
            case (4, .lengthDelimited): condition = .ifMatch(try reader.byteArray())
            case (5, .varint): returnSiblings = try reader.varint() != 0
            case (6, .lengthDelimited): try options.decode(&reader)
            default: try reader.skip(tag.wire)
            }
        }
        (quorum, timeoutMillis) = (options.quorum, options.timeoutMillis)
    }
}

extension ListRequest {
    fileprivate init(proto reader: inout ProtoReader) throws(ProtoError) {
        self.init(bucket: "", limit: 0)
        var options = RequestOptions()
        while let tag = try reader.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited): bucket = try reader.string()
            case (2, .lengthDelimited): prefix = try reader.byteArray()
            case (3, .varint): limit = Int(try reader.uint32())
            case (4, .lengthDelimited): cursor = try reader.byteArray()
            case (5, .lengthDelimited): try options.decode(&reader)
            default: try reader.skip(tag.wire)
            }
        }
        (quorum, timeoutMillis) = (options.quorum, options.timeoutMillis)
    }
}
