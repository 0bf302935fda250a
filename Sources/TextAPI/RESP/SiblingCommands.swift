import ClusterCore

/// Commands for clients that resolve siblings themselves.
enum SiblingCommands {
    static func plan(_ command: RESPCommand, _ parser: RESPParser, bucket: String) -> RESPPlan {
        switch command {
        case .kvGet: .read([parser.bytes(1)], .siblings)
        case .kvPut:
            .put(put(parser, bucket, .value(parser.bytes(3), contentType: "")))
        case .kvDel: .put(put(parser, bucket, .tombstone))
        default: preconditionFailure("a command of another kind")
        }
    }

    private static func put(_ parser: RESPParser, _ bucket: String, _ content: Sibling.Content) -> PutRequest
    {
        PutRequest(bucket: bucket, key: parser.bytes(1), content: content, context: parser.bytes(2))
    }
}
