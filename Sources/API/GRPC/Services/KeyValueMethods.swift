import Cluster
import ClusterCore
import GRPCCore
import Messages
import SwiftProtobuf
import TextAPI

/// The methods of `kvnode.v1.KeyValue`. Those of a bucket's properties are a control path, with the generated types.
struct KeyValueMethods: Sendable {
    let service: any KeyValueService

    private typealias Method = Kvnode_V1_KeyValue.Method

    func add(to table: inout MethodTable) {
        let requests: [(String, RequestCall.Decode, ReplyMessage)] = [
            (Method.Get.descriptor.fullyQualifiedMethod, Request.decodeGet, .get),
            (Method.Put.descriptor.fullyQualifiedMethod, Request.decodePut, .put),
            (Method.Delete.descriptor.fullyQualifiedMethod, Request.decodeDelete, .delete),
            (Method.List.descriptor.fullyQualifiedMethod, Request.decodeList, .list),
            (Method.GetData.descriptor.fullyQualifiedMethod, Request.decodeGet, .getData),
            (Method.UpdateData.descriptor.fullyQualifiedMethod, Request.decodeUpdateData, .updateData),
        ]
        for (name, decode, reply) in requests { table.add(name, .request(decode, reply)) }
        table.add(Method.BatchGet.descriptor.fullyQualifiedMethod, .batch(Request.decodeGet, .get))
        table.add(Method.BatchPut.descriptor.fullyQualifiedMethod, .batch(Request.decodePut, .put))
        table.add(Method.Session.descriptor.fullyQualifiedMethod, .session)
        table.add(
            Method.GetBucketProperties.descriptor.fullyQualifiedMethod,
            .control(ControlMethod(in: { $0.bucket }, getProperties))
        )
        table.add(
            Method.SetBucketProperties.descriptor.fullyQualifiedMethod,
            .control(ControlMethod(in: { $0.bucket }, setProperties))
        )
    }

    @Sendable private func getProperties(
        _ request: Kvnode_V1_GetBucketPropertiesRequest
    ) async throws -> Kvnode_V1_BucketProperties {
        try BucketRules.check(request.bucket)
        return Kvnode_V1_BucketProperties(service.properties(ofBucket: request.bucket))
    }

    @Sendable private func setProperties(
        _ request: Kvnode_V1_SetBucketPropertiesRequest
    ) async throws -> Kvnode_V1_BucketProperties {
        try BucketRules.check(request.bucket)
        var properties = service.properties(ofBucket: request.bucket)
        try request.properties.change(&properties)
        try await service.setProperties(properties, ofBucket: request.bucket)
        return Kvnode_V1_BucketProperties(service.properties(ofBucket: request.bucket))
    }
}

extension Kvnode_V1_BucketProperties {
    init(_ properties: BucketProperties) {
        self.init()
        n = UInt32(clamping: properties.n)
        r = UInt32(clamping: properties.r)
        w = UInt32(clamping: properties.w)
        conflict =
            switch properties.policy {
            case .siblings: .siblings
            case .lastWriteWins: .lastWriteWins
            }
        quorum =
            switch properties.quorum {
            case .sloppy: .sloppy
            case .strict: .strict
            }
        ttlSeconds = UInt32(clamping: properties.ttlSeconds)
    }

    /// Sets what the message names.
    func change(_ properties: inout BucketProperties) throws(RequestError) {
        if hasN { properties.n = Int(n) }
        if hasR { properties.r = Int(r) }
        if hasW { properties.w = Int(w) }
        switch conflict {
        case .unspecified: break
        case .siblings: properties.policy = .siblings
        case .lastWriteWins: properties.policy = .lastWriteWins
        case .UNRECOGNIZED(let number): throw RequestError(.invalidArgument, "unknown conflict \(number)")
        }
        switch quorum {
        case .unspecified: break
        case .sloppy: properties.quorum = .sloppy
        case .strict: properties.quorum = .strict
        case .UNRECOGNIZED(let number): throw RequestError(.invalidArgument, "unknown quorum \(number)")
        }
        if hasTtlSeconds { properties.ttlSeconds = Int(ttlSeconds) }
    }
}
