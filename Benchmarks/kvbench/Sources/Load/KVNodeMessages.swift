/// Messages of `kvnode.v1.KeyValue`, as far as operations need them.
enum KVNodeMessages {
    /// A GetRequest, PutRequest, DeleteRequest or ListRequest.
    static func request(_ request: Request, bucket: String) -> [UInt8] {
        var message: [UInt8] = []
        Protobuf.append(bucket.utf8, field: 1, to: &message)
        Protobuf.append(request.key, field: 2, to: &message)
        switch request.kind {
        case .read: break
        case .write:
            Protobuf.append(request.value, field: 3, to: &message)
            if !request.context.isEmpty { Protobuf.append(request.context, field: 5, to: &message) }
        case .delete:
            if !request.context.isEmpty { Protobuf.append(request.context, field: 3, to: &message) }
        case .list: Protobuf.append(UInt64(request.limit), field: 3, to: &message)
        }
        return message
    }

    /// How a read ended, by its GetResponse.
    static func found(_ response: ArraySlice<UInt8>) throws(WireError) -> Outcome {
        var values = 0
        var context: ArraySlice<UInt8> = []
        try Protobuf.forEachField(of: response) { (field, _, bytes) throws(WireError) in
            if field == 2 { values += 1 }
            if field == 3 { context = bytes }
        }
        return .found(values: values, context: Array(context))
    }

    static func message(ofError error: ArraySlice<UInt8>) throws(WireError) -> String {
        var text = ""
        try Protobuf.forEachField(of: error) { (field, _, bytes) throws(WireError) in
            if field == 2 { text = String(decoding: bytes, as: UTF8.self) }
        }
        return text
    }
}
