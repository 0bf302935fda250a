internal import Messages
internal import SwiftProtobuf

/// A request that says how long the node may take.
protocol TimedRequest: Message {
    var options: Kvnode_V1_Options { get set }
}

extension TimedRequest {
    /// - Parameter timeout: nil for the node's default.
    func limited(to timeout: Duration?) -> Self {
        var request = self
        request.options.timeoutMs = timeout.map { UInt32(clamping: $0.wholeMilliseconds) } ?? 0
        return request
    }
}

extension Kvnode_V1_GetRequest: TimedRequest {}
extension Kvnode_V1_PutRequest: TimedRequest {}
extension Kvnode_V1_DeleteRequest: TimedRequest {}
extension Kvnode_V1_ListRequest: TimedRequest {}
extension Kvnode_V1_UpdateDataRequest: TimedRequest {}
extension Kvnode_V1_BatchGetRequest: TimedRequest {}
extension Kvnode_V1_BatchPutRequest: TimedRequest {}
