import ClusterCore
import ProtoWire

extension Request {
    static func decodeUpdateData(_ reader: inout ProtoReader) throws(ProtoError) -> Request {
        .update(try UpdateRequest(proto: &reader))
    }
}

extension UpdateRequest {
    /// An UpdateDataRequest.
    fileprivate init(proto reader: inout ProtoReader) throws(ProtoError) {
        // Fails if none comes: the last of several counts, as of any oneof.
        var change: Result<DataChange, RequestError>?
        self.init(bucket: "", key: [], change: .addMembers([]))
        var options = RequestOptions()
        while let tag = try reader.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited): bucket = try reader.string()
            case (2, .lengthDelimited): key = try reader.byteArray()
            case (13, .lengthDelimited): try options.decode(&reader)
            default: if let found = try DataChange.decode(&reader, tag) { change = found }
            }
        }
        guard let change else {
            throw .refused(RequestError(.invalidArgument, "a change of no kind that this node knows"))
        }
        switch change {
        case .success(let change): self.change = change
        case .failure(let error): throw .refused(error)
        }
        (quorum, timeoutMillis) = (options.quorum, options.timeoutMillis)
    }
}

extension DataChange {
    /// One field of an UpdateDataRequest.
    ///
    /// - Returns: Nil if it says nothing of the change.
    fileprivate static func decode(
        _ reader: inout ProtoReader, _ tag: ProtoReader.Tag
    ) throws(ProtoError) -> Result<DataChange, RequestError>? {
        switch (tag.field, tag.wire) {
        case (3, .lengthDelimited):
            return try number(&reader).map { .add($0.kind, $0.amount) }
        case (4, .lengthDelimited): return .success(.addMembers(try names(&reader)))
        case (5, .lengthDelimited): return .success(.removeMembers(try names(&reader)))
        case (6, .lengthDelimited): return .success(.setFields(try fields(&reader)))
        case (7, .lengthDelimited): return .success(.setFieldIfAbsent(try field(&reader)))
        case (8, .lengthDelimited): return .success(.removeFields(try names(&reader)))
        case (9, .lengthDelimited): return try addition(&reader)
        case (10, .varint): return expiry(.after(milliseconds: Int(clamping: try reader.varint())))
        case (11, .varint): return expiry(.at(milliseconds: try reader.varint()))
        // As with if_absent, false is the same as leaving it out.
        case (12, .varint): return try reader.varint() == 0 ? nil : expiry(.never)
        default:
            try reader.skip(tag.wire)
            return nil
        }
    }

    private static func expiry(_ expiry: Expiry) -> Result<DataChange, RequestError> {
        .success(.expire(expiry, .always))
    }

    /// A Members or a FieldNames.
    private static func names(_ reader: inout ProtoReader) throws(ProtoError) -> [[UInt8]] {
        var part = try reader.message()
        var names: [[UInt8]] = []
        while let tag = try part.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited):
                try checkCount(names.count)
                names.append(try part.byteArray())
            default: try part.skip(tag.wire)
            }
        }
        return names
    }

    private static func fields(_ reader: inout ProtoReader) throws(ProtoError) -> [DataField] {
        var part = try reader.message()
        var fields: [DataField] = []
        while let tag = try part.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited):
                try checkCount(fields.count)
                fields.append(try field(&part))
            default: try part.skip(tag.wire)
            }
        }
        return fields
    }

    /// Members or fields of a change, as many as a command of Redis's protocol may have: an empty one takes two bytes of the
    /// message and many times that of memory.
    private static let maxCount = 1 << 20

    private static func checkCount(_ count: Int) throws(ProtoError) {
        guard count < maxCount else { throw .tooMany(limit: maxCount) }
    }

    private static func field(_ reader: inout ProtoReader) throws(ProtoError) -> DataField {
        var part = try reader.message()
        var field = DataField([], [])
        while let tag = try part.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited): field.name = try part.byteArray()
            case (2, .lengthDelimited): field.value = try part.byteArray()
            default: try part.skip(tag.wire)
            }
        }
        return field
    }

    /// A FieldAddition.
    private static func addition(
        _ reader: inout ProtoReader
    ) throws(ProtoError) -> Result<DataChange, RequestError> {
        var part = try reader.message()
        var name: [UInt8] = []
        var number = missingNumber
        while let tag = try part.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .lengthDelimited): name = try part.byteArray()
            case (2, .lengthDelimited): number = try self.number(&part)
            default: try part.skip(tag.wire)
            }
        }
        return number.map { .addToField(name, $0.kind, $0.amount) }
    }

    private static func number(_ reader: inout ProtoReader) throws(ProtoError) -> NumberResult {
        var part = try reader.message()
        var number = missingNumber
        while let tag = try part.nextTag() {
            switch (tag.field, tag.wire) {
            case (1, .varint): number = .success((.integer, Amount(try part.zigzag())))
            case (2, .lengthDelimited): number = decimal(try part.string())
            default: try part.skip(tag.wire)
            }
        }
        return number
    }

    private typealias NumberResult = Result<(kind: NumberKind, amount: Amount), RequestError>

    private static func decimal(_ text: String) -> NumberResult {
        guard let amount = Amount(decimal: text.utf8) else {
            return .failure(
                RequestError(.invalidArgument, "\"\(text.prefix(50))\" is no number, or out of range"))
        }
        return .success((.decimal, amount))
    }

    /// A Number without either kind is not taken as 0: it may be of a kind that this version doesn't know.
    private static var missingNumber: NumberResult {
        .failure(RequestError(.invalidArgument, "what is to be added is missing"))
    }
}
