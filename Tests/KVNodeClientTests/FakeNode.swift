import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import Messages
import SwiftProtobuf
import Synchronization
import Testing

@testable import KVNodeClient

/// A node that answers as a test says, and remembers what it was asked.
final class FakeNode: RegistrableRPCService {
    /// What one method does; throws an `RPCError` to refuse.
    typealias Handler<Input, Output> = @Sendable (Input) async throws -> Output

    struct Script: Sendable {
        var get: Handler<Kvnode_V1_GetRequest, Kvnode_V1_GetResponse> = { _ in .init() }
        var put: Handler<Kvnode_V1_PutRequest, Kvnode_V1_PutResponse> = { _ in .init() }
        var delete: Handler<Kvnode_V1_DeleteRequest, Kvnode_V1_DeleteResponse> = { _ in .init() }
        var update: Handler<Kvnode_V1_UpdateDataRequest, Kvnode_V1_UpdateDataResponse> = { _ in .init() }
        var batchGet: Handler<Kvnode_V1_BatchGetRequest, Kvnode_V1_BatchGetResponse> = { _ in .init() }
        var batchPut: Handler<Kvnode_V1_BatchPutRequest, Kvnode_V1_BatchPutResponse> = { _ in .init() }
        var routing: Handler<Kvnode_V1_GetRoutingRequest, Kvnode_V1_Routing>?
    }

    private let script: Mutex<Script>
    private let asked = Mutex<[String]>([])
    private let identities = Mutex<[String]>([])

    init(_ script: Script = Script()) { self.script = Mutex(script) }

    /// The methods that were called, but for the questions of routing.
    var calls: [String] { asked.withLock { $0 } }
    /// What the calls said of their client.
    var authorizations: [String] { identities.withLock { $0 } }

    var currentScript: Script { script.withLock { $0 } }

    func change(_ body: (inout Script) -> Void) { script.withLock { body(&$0) } }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        typealias Method = Kvnode_V1_KeyValue.Method
        register(Method.Get.descriptor, &router) { $0.get }
        register(Method.Put.descriptor, &router) { $0.put }
        register(Method.Delete.descriptor, &router) { $0.delete }
        register(Method.UpdateData.descriptor, &router) { $0.update }
        register(Method.BatchGet.descriptor, &router) { $0.batchGet }
        register(Method.BatchPut.descriptor, &router) { $0.batchPut }
        register(Method.GetRouting.descriptor, &router) { script in
            script.routing ?? { _ in throw RPCError(code: .unimplemented, message: "an older node") }
        }
    }

    private func register<Input: Message & Sendable, Output: Message & Sendable>(
        _ method: MethodDescriptor, _ router: inout RPCRouter<some ServerTransport>,
        _ handler: @escaping @Sendable (Script) -> Handler<Input, Output>
    ) {
        router.registerHandler(
            forMethod: method, deserializer: ProtobufDeserializer<Input>(),
            serializer: ProtobufSerializer<Output>()
        ) { request, _ in
            if method.method != "GetRouting" {
                self.asked.withLock { $0.append(method.method) }
                let said = request.metadata[stringValues: "authorization"].first { _ in true }
                self.identities.withLock { $0.append(said ?? "") }
            }
            let request = try await ServerRequest(stream: request)
            let handle = handler(self.script.withLock { $0 })
            return StreamingServerResponse(
                single: ServerResponse(message: try await handle(request.message)))
        }
    }

    /// As a node refuses.
    static func refusal(
        _ code: RPCError.Code, _ reason: String, answered: Int = 0, needed: Int = 0
    ) -> RPCError {
        RPCError(
            code: code, message: "as asked",
            metadata: [
                "kvnode-reason": "\(reason)", "kvnode-replicas-answered": "\(answered)",
                "kvnode-replicas-needed": "\(needed)",
            ])
    }
}

/// Runs `body` with a store of those nodes, each a server of its own. Waits between attempts take no time.
func withStore(
    of nodes: FakeNode..., change: (inout KVNodeConfiguration) -> Void = { _ in },
    _ body: (KVNodeStore) async throws -> Void
) async throws {
    try await withServers(of: nodes[...], []) { endpoints in
        var configuration = KVNodeConfiguration(endpoints: endpoints)
        // The tests ask for the layout themselves; what is refused bounds a hang, nothing else.
        configuration.routingInterval = .seconds(3_600)
        configuration.timeout = .seconds(60)
        configuration.attemptTimeout = .seconds(60)
        change(&configuration)
        var environment = Environment.system()
        environment.sleep = {
            if $0 >= .seconds(3_600) { try await Task.sleep(for: $0) }
        }
        environment.random = { 0 }
        let store = try KVNodeStore(configuration, environment)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await store.run() }
            try await body(store)
            store.beginGracefulShutdown()
        }
    }
}

private func withServers(
    of nodes: ArraySlice<FakeNode>, _ endpoints: [KVNodeEndpoint],
    _ body: ([KVNodeEndpoint]) async throws -> Void
) async throws {
    guard let node = nodes.first else { return try await body(endpoints) }
    let transport = HTTP2ServerTransport.Posix(
        address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext)
    try await withGRPCServer(transport: transport, services: [node]) { _ in
        let address = try #require(try await transport.listeningAddress.ipv4)
        let endpoint = KVNodeEndpoint(host: "127.0.0.1", port: address.port)
        try await withServers(of: nodes.dropFirst(), endpoints + [endpoint], body)
    }
}
