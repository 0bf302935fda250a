import Cluster
import ClusterCore
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import TextAPI

/// `kvnode.v1.KeyValue` over a `KeyValueService`.
struct KeyValueProvider: RegistrableRPCService {
    let service: any KeyValueService
    let rules: RequestRules
    /// Of a batch, and operations of one message of a session.
    let maxBatchEntries: Int
    /// Bytes of the results of a batch together.
    let maxBatchReplyBytes: Int
    let defaultTimeoutMillis: Int
    let session: SessionHandler.Limits

    private typealias Method = Kvnode_V1_KeyValue.Method

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        single(Method.Get.descriptor, .get, Request.decodeGet, &router)
        single(Method.Put.descriptor, .put, Request.decodePut, &router)
        single(Method.Delete.descriptor, .delete, Request.decodeDelete, &router)
        single(Method.List.descriptor, .list, Request.decodeList, &router)
        single(Method.GetData.descriptor, .getData, Request.decodeGet, &router)
        single(Method.UpdateData.descriptor, .updateData, Request.decodeUpdateData, &router)
        batch(Method.BatchGet.descriptor, .get, Request.decodeGet, &router)
        batch(Method.BatchPut.descriptor, .put, Request.decodePut, &router)
        registerSession(&router)
        properties(Method.GetBucketProperties.descriptor, &router, getProperties)
        properties(Method.SetBucketProperties.descriptor, &router, setProperties)
    }

    /// A method that is one request of the store.
    private func single<Transport>(
        _ method: MethodDescriptor, _ reply: ReplyMessage,
        _ decode: @escaping @Sendable (inout ProtoReader) throws(ProtoError) -> Request,
        _ router: inout RPCRouter<Transport>
    ) {
        router.registerHandler(
            forMethod: method, deserializer: ProtoDecoder(decode: decode), serializer: EncodedSerializer()
        ) { stream, _ in
            let call = try await ServerRequest(stream: stream)
            var request = call.message
            do throws(RequestError) { try rules.apply(to: &request) } catch { throw error.rpcError }
            request.shorten(to: GRPCDeadline.milliseconds(call.metadata), default: defaultTimeoutMillis)
            let response = await service.serve(request, as: reply)
            if case .failed(let error) = response { throw error.rpcError }
            var writer = ProtoWriter()
            writer.reserve(ProtoSize.body(response, as: reply))
            writer.body(response, as: reply)
            return StreamingServerResponse(single: ServerResponse(message: writer.bytes))
        }
    }

    /// A method that is several requests of one kind.
    private func batch<Transport>(
        _ method: MethodDescriptor, _ reply: ReplyMessage,
        _ entry: @escaping @Sendable (inout ProtoReader) throws(ProtoError) -> Request,
        _ router: inout RPCRouter<Transport>
    ) {
        let decoder = ProtoDecoder { (reader: inout ProtoReader) throws(ProtoError) in
            try Request.decodeBatch(&reader, limit: maxBatchEntries, entry: entry)
        }
        router.registerHandler(forMethod: method, deserializer: decoder, serializer: EncodedSerializer()) {
            stream, _ in
            let call = try await ServerRequest(stream: stream)
            let deadline = GRPCDeadline.milliseconds(call.metadata)
            var writer = ProtoWriter()
            for response in await serve(call.message, as: reply, within: deadline) {
                writer.batchResult(response, as: reply)
            }
            return StreamingServerResponse(single: ServerResponse(message: writer.bytes))
        }
    }

    /// Entries that break a rule fail by themselves.
    private func serve(
        _ entries: [Request], as reply: ReplyMessage, within deadline: Int?
    ) async -> [Response] {
        var accepted: [Request] = []
        var refusals: [Int: RequestError] = [:]
        for (index, var request) in entries.enumerated() {
            do throws(RequestError) {
                try rules.apply(to: &request)
                request.shorten(to: deadline, default: defaultTimeoutMillis)
                accepted.append(request)
            } catch {
                refusals[index] = error
            }
        }
        var served = await service.serve(accepted, as: reply, replyBytes: maxBatchReplyBytes).makeIterator()
        return entries.indices.map { index in
            if let refusal = refusals[index] { return .failed(refusal) }
            return served.next() ?? .failed(RequestError(.internal, "an entry of the batch got no response"))
        }
    }

    private func registerSession<Transport>(_ router: inout RPCRouter<Transport>) {
        let decoder = ProtoDecoder { (reader: inout ProtoReader) throws(ProtoError) in
            try SessionOperation.decodeBatch(&reader, limit: maxBatchEntries)
        }
        router.registerHandler(
            forMethod: Method.Session.descriptor, deserializer: decoder, serializer: EncodedSerializer()
        ) { stream, _ in
            StreamingServerResponse { writer in
                try await SessionHandler(service: service, rules: rules, limits: session).run(
                    stream.messages, writer)
                return [:]
            }
        }
    }
}

// MARK: - Properties: a control path, with the generated types

extension KeyValueProvider {
    private func properties<Input: Message, Transport>(
        _ method: MethodDescriptor, _ router: inout RPCRouter<Transport>,
        _ body: @escaping @Sendable (Input) async throws -> Kvnode_V1_BucketProperties
    ) {
        router.registerHandler(
            forMethod: method, deserializer: ProtobufDeserializer<Input>(),
            serializer: ProtobufSerializer<Kvnode_V1_BucketProperties>()
        ) { stream, _ in
            let call = try await ServerRequest(stream: stream)
            do {
                return StreamingServerResponse(single: ServerResponse(message: try await body(call.message)))
            } catch let error as RequestError {
                throw error.rpcError
            }
        }
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
