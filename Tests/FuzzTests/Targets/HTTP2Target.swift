import Access
import Cluster
import ClusterCore
import NIOCore
import NIOEmbedded
import NIOHTTP2
import NIOPosix
import Synchronization

@testable import API
@testable import GRPCWire
@testable import TextAPI

extension FuzzTarget {
    /// What a client of gRPC sends: frames of HTTP/2, their headers compressed, calls and their messages. Each call is answered
    /// at once, by a store that has nothing.
    static let http2 = FuzzTarget("http2", heap: HeapAllowance(perByte: 512, base: 2 << 20)) { bytes in
        // Behind what every client begins with, which chance does not hit.
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
        var input = Input(bytes)
        let isWhole = input.byte() & 1 == 0
        let frames = input.all()
        return try HTTP2Target.serve([preface] + (isWhole ? [frames] : pieces(of: frames)))
    }
}

private enum HTTP2Target {
    /// - Returns: Whether anything was asked of the store.
    static func serve(_ pieces: [[UInt8]]) throws -> Bool {
        let service = EmptyStore()
        let channel = EmbeddedChannel()
        let handler = GRPCConnectionHandler(shared: shared(service), pause: ReadPause(.zero))
        try channel.pipeline.syncOperations.addHandlers(
            NIOHTTP2Handler(mode: .server, frameDelegate: handler), handler)
        channel.pipeline.fireChannelActive()
        for piece in pieces {
            // An error is the client's, and ends the connection.
            guard (try? channel.writeInbound(ByteBuffer(bytes: piece))) != nil else { break }
            channel.embeddedEventLoop.run()
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        try claim(
            !handler.hasCalls && handler.receivedBytes == 0 && handler.unsentBytes == 0,
            "a connection that has ended has \(handler.receivedBytes) bytes of calls and "
                + "\(handler.unsentBytes) of replies")
        return service.count > 0
    }

    private static func shared(_ service: EmptyStore) -> GRPCConnectionHandler.Shared {
        GRPCConnectionHandler.Shared(
            service: service, access: .open, rules: RequestRules(defaultListLimit: 100, maxListLimit: 1_000),
            limits: GRPCConnectionHandler.Limits(
                maxMessageBytes: 1024, maxCalls: 16, maxReceivedBytes: 4096, maxUnsentBytes: 64 << 10,
                window: ReceiveWindow(bytes: 64 << 10), maxBatchEntries: 16, defaultTimeoutMillis: 1_000,
                session: SessionOutbox.Limits(maxInFlight: 16, maxUnsentBytes: 64 << 10, replyBytes: 4096)),
            budget: ReceiveBudget(maxBytes: 1 << 20),
            methods: methods, executor: executor)
    }

    /// Those that are answered by the store alone, under short names.
    private static let methods: MethodTable = {
        var table = MethodTable()
        table.add("kvnode.v1.KeyValue/Get", at: "/g", .request(Request.decodeGet, .get))
        table.add("kvnode.v1.KeyValue/Put", at: "/p", .request(Request.decodePut, .put))
        table.add("kvnode.v1.KeyValue/Delete", at: "/d", .request(Request.decodeDelete, .delete))
        table.add("kvnode.v1.KeyValue/List", at: "/l", .request(Request.decodeList, .list))
        table.add("kvnode.v1.KeyValue/UpdateData", at: "/u", .request(Request.decodeUpdateData, .updateData))
        table.add("kvnode.v1.KeyValue/BatchGet", at: "/bg", .batch(Request.decodeGet, .get))
        table.add("kvnode.v1.KeyValue/BatchPut", at: "/bp", .batch(Request.decodePut, .put))
        table.add("kvnode.v1.KeyValue/Session", at: "/s", .session)
        return table
    }()

    /// For methods that a task serves, of which there are none here.
    private static let executor = EventLoopTaskExecutor(group: .singleton)
}

/// Answers at once that there is nothing, and counts what it was asked.
private final class EmptyStore: KeyValueService {
    private let requests = Mutex(0)

    var count: Int { requests.withLock { $0 } }

    func submit(
        _ request: Request, from source: RequestSource,
        _ completion: @escaping @Sendable (Response) -> Void
    ) {
        requests.withLock { $0 += 1 }
        switch request {
        case .get: completion(.read(Reading(context: [])))
        case .put: completion(.written(Reading(context: [1])))
        case .update: completion(.updated(.count(1)))
        case .list: completion(.listed(Listing(keys: [], cursor: nil)))
        }
    }

    func properties(ofBucket bucket: String) -> BucketProperties { BucketProperties() }

    func setProperties(_ properties: BucketProperties, ofBucket bucket: String) async throws {}

    var servingNodes: [ServingNode] { [] }
    var partitionCount: Int { 256 }
    var isReady: Bool { true }
    var isTracing: Bool { true }

    func workload(_ completion: @escaping @Sendable (WorkloadReport) -> Void) {
        completion(
            WorkloadReport(
                node: "n", startedMillis: 0, uptimeMillis: 0, sampleEvery: 0, shape: WorkloadShape()))
    }
}
