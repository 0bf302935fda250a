import Foundation
import GRPCCore
import Messages
import SwiftProtobuf
import Synchronization
import Testing

@testable import KVNodeClient

@Suite("The store, against nodes that do as they are told")
struct StoreTests {
    private let key = KVNodeStore.Key("k", in: "b")
    /// A key that even the unlucky node says it doesn't have.
    private let absent = KVNodeStore.Key("absent", in: "b")

    private static func found(_ values: String..., context: UInt8 = 1) -> Kvnode_V1_GetResponse {
        .with {
            $0.found = !values.isEmpty
            $0.siblings = values.map { value in .with { $0.value = Data(value.utf8) } }
            $0.context = Data([context])
        }
    }

    /// A node whose quorum is never reached.
    private func unlucky() -> FakeNode {
        let refusal = FakeNode.refusal(.unavailable, "quorum_not_reached", answered: 1, needed: 2)
        var script = FakeNode.Script()
        script.get = { [absent] request in
            guard request.key == absent.bytes else { throw refusal }
            return .init()
        }
        script.put = { _ in throw refusal }
        script.delete = { _ in throw refusal }
        script.update = { _ in throw refusal }
        return FakeNode(script)
    }

    @Test("a request has its options, its time, and says who its client is")
    func request() async throws {
        let got = Mutex<Kvnode_V1_GetRequest?>(nil)
        let node = FakeNode()
        node.change {
            $0.get = { request in
                got.withLock { $0 = request }
                return Self.found("v")
            }
        }
        try await withStore(of: node, change: { $0.credentials = .user(name: "u", password: "p") }) { store in
            let reading = try await store.get(
                key, options: .init(n: 3, r: 2, w: 1, timeout: .milliseconds(2_500)))
            #expect(reading.value == Data("v".utf8) && reading.context.bytes == Data([1]))
        }
        let request = try #require(got.withLock { $0 })
        #expect(request.bucket == "b" && request.key == Data("k".utf8))
        #expect(request.options.n == 3 && request.options.r == 2 && request.options.w == 1)
        #expect((1...2_500).contains(request.options.timeoutMs))
        #expect(node.authorizations == ["Basic dTpw"])
    }

    @Test("a read that fails is made again at another node")
    func failover() async throws {
        let (bad, good) = (unlucky(), FakeNode())
        good.change { $0.get = { _ in Self.found("v") } }
        try await withStore(of: bad, good) { store in
            for _ in 0..<2 {
                let reading = try await store.get(key)
                #expect(reading.value == Data("v".utf8))
            }
        }
        #expect(bad.calls.count == 1 && good.calls.count == 2)
    }

    @Test("a failure says how often it was tried, where, and how many replicas answered")
    func failure() async throws {
        let node = unlucky()
        try await withStore(of: node) { store in
            let error = await #expect(throws: KVNodeError.self) { try await store.get(key) }
            #expect(error?.kind == .quorumNotReached && error?.attempts == 4)
            #expect(error?.replicasAnswered == 1 && error?.replicasNeeded == 2)
            #expect(error?.endpoint == store.configuration.endpoints[0])
            #expect(error?.mayHaveHappened == false)
        }
        #expect(node.calls.count == 4)
    }

    @Test("a write whose outcome is unknown is never made again, whatever it is")
    func writes() async throws {
        let node = unlucky()
        let seen = KVNodeStore.Context(bytes: Data([7]))
        try await withStore(of: node) { store in
            func fails(_ body: () async throws(KVNodeError) -> Void) async {
                do throws(KVNodeError) {
                    try await body()
                    Issue.record("it succeeded")
                } catch {
                    #expect(error.attempts == 1 && error.mayHaveHappened && error.kind == .quorumNotReached)
                }
            }
            await fails { () throws(KVNodeError) in try await store.put(Data(), at: key) }
            await fails { () throws(KVNodeError) in try await store.put(Data(), at: key, context: seen) }
            await fails { () throws(KVNodeError) in
                var put = KVNodeStore.Put(Data(), at: key)
                put.condition = .ifAbsent
                try await store.put(put)
            }
            await fails { () throws(KVNodeError) in try await store.delete(key, context: seen) }
            await fails { () throws(KVNodeError) in try await store.change(key, .add(1)) }
            await fails { () throws(KVNodeError) in try await store.change(key, .addMembers([Data()])) }
            await fails { () throws(KVNodeError) in try await store.update(absent) { _ in Data() } }
        }
        #expect(node.calls == ["Put", "Put", "Put", "Delete", "UpdateData", "UpdateData", "Get", "Put"])
    }

    @Test("what a node refuses before it asks a replica is made again, whatever it is")
    func refused() async throws {
        let node = FakeNode()
        let refusals = Mutex(2)
        node.change {
            $0.update = { _ in
                let refuses = refusals.withLock { left in
                    left -= 1
                    return left >= 0
                }
                if refuses { throw FakeNode.refusal(.resourceExhausted, "overloaded") }
                return .with { $0.number = "5" }
            }
        }
        try await withStore(of: node) { store in
            let outcome = try await store.change(key, .add(5))
            #expect(outcome == .number("5"))
        }
        #expect(node.calls.count == 3)
    }

    @Test("when all fails, retries stay within their budget")
    func budget() async throws {
        let node = unlucky()
        try await withStore(
            of: node,
            change: {
                $0.retries.budgetCapacity = 2
                $0.retries.budgetRatio = 0.1
            }
        ) { store in
            for _ in 0..<40 {
                _ = await #expect(throws: KVNodeError.self) { try await store.get(key) }
            }
        }
        #expect(node.calls.count >= 40 && node.calls.count <= 40 + 2 + 4)
    }

    @Test("a node that can't be reached is passed over, even by a write, and left alone for a time")
    func unreachable() async throws {
        let node = FakeNode()
        let change: (inout KVNodeConfiguration) -> Void = {
            // Nobody listens there: it is the port of discard.
            $0.endpoints.insert(KVNodeEndpoint(host: "127.0.0.1", port: 9), at: 1)
            $0.restAfterFailure = .seconds(3_600)
        }
        try await withStore(of: node, change: change) { store in
            for _ in 0..<5 { try await store.put(Data(), at: key) }
        }
        #expect(node.calls.count == 5)
    }

    @Test("a node that hangs costs a read no more than an attempt's time")
    func hanging() async throws {
        let (hung, good) = (FakeNode(), FakeNode())
        let (held, release) = AsyncStream.makeStream(of: Void.self)
        hung.change {
            $0.get = { _ in
                for await _ in held {}
                return .init()
            }
        }
        good.change { $0.get = { _ in Self.found("v") } }
        let change: (inout KVNodeConfiguration) -> Void = {
            $0.attemptTimeout = .milliseconds(50)
            $0.answerGrace = .milliseconds(50)
        }
        try await withStore(of: hung, good, change: change) { store in
            defer { release.finish() }
            for _ in 0..<2 {
                let reading = try await store.get(key)
                #expect(reading.value == Data("v".utf8))
            }
        }
        #expect(hung.calls.count == 1)
    }

    @Test(
        "a node that takes no connection costs a write no more than the time for one, and nothing is sent twice"
    )
    func unconnected() async throws {
        let good = FakeNode()
        let silent = try SilentListener()
        let change: (inout KVNodeConfiguration) -> Void = {
            $0.endpoints.insert(silent.endpoint, at: 1)
            $0.connectTimeout = .milliseconds(50)
            $0.restAfterFailure = .seconds(3_600)
        }
        try await withStore(of: good, change: change) { store in
            for _ in 0..<3 { try await store.put(Data(), at: key) }
        }
        #expect(good.calls == ["Put", "Put", "Put"])
    }

    @Test("a reply may be longer than gRPC's own limit, but not than the store's")
    func longReplies() async throws {
        let node = FakeNode()
        let value = String(repeating: "v", count: 5 << 20)
        node.change { $0.get = { _ in Self.found(value) } }
        try await withStore(of: node) { store in
            let reading = try await store.get(key)
            #expect(reading.value?.count == 5 << 20)
        }
        try await withStore(of: node, change: { $0.maxReplyBytes = 1 << 20 }) { store in
            let error = await #expect(throws: KVNodeError.self) { try await store.get(key) }
            #expect(error?.kind == .internal && error?.mayHaveHappened == false)
        }
    }

    @Test("a shutdown lets requests in flight end")
    func graceful() async throws {
        let node = FakeNode()
        let (began, begin) = AsyncStream.makeStream(of: Void.self)
        let (held, release) = AsyncStream.makeStream(of: Void.self)
        node.change {
            $0.get = { _ in
                begin.finish()
                for await _ in held {}
                return Self.found("v")
            }
        }
        try await withStore(of: node) { store in
            async let reading = store.get(key)
            for await _ in began {}
            store.beginGracefulShutdown()
            release.finish()
            let value = try await reading.value
            #expect(value == Data("v".utf8))
        }
    }

    @Test("a store that was shut down says so")
    func closed() async throws {
        try await withStore(of: FakeNode()) { store in
            _ = try await store.get(key)
            store.beginGracefulShutdown()
            let error = await #expect(throws: KVNodeError.self) { try await store.get(key) }
            #expect(error?.kind == .closed && error?.mayHaveHappened == false)
        }
    }

    @Test("without an endpoint, or with files that can't be read, there is no store")
    func configuration() {
        let none = #expect(throws: KVNodeError.self) { try KVNodeStore(.init(endpoints: [])) }
        #expect(none?.kind == .configuration)
        var configuration = KVNodeConfiguration(endpoints: [KVNodeEndpoint(host: "h", port: 1)])
        configuration.security = .tls(authorities: "/nowhere/ca.pem")
        let unreadable = #expect(throws: KVNodeError.self) { try KVNodeStore(configuration) }
        #expect(unreadable?.kind == .configuration && unreadable?.message.contains("/nowhere/ca.pem") == true)
    }
}
