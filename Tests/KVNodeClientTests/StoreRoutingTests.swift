import Foundation
import GRPCCore
import Messages
import SwiftProtobuf
import Synchronization
import Testing

@testable import KVNodeClient

@Suite("The store: routing, batches, updates")
struct StoreRoutingTests {
    /// A node called `name` that knows of two nodes, a and b, each of which has one half of the keys. It answers reads with
    /// its name.
    private func half(_ name: String, version: UInt64 = 1, first: UInt32 = 0) -> FakeNode {
        var script = FakeNode.Script()
        script.routing = { request in
            .with {
                $0.node = name
                $0.version = version
                $0.partitions = 2
                $0.nodes = ["a", "b"]
                $0.replicasPerPartition = 1
                if request.knownVersion != version { $0.replicas = [first, 1 - first] }
            }
        }
        script.get = { _ in Self.reply(name) }
        script.batchGet = { request in
            .with { $0.results = request.entries.map { _ in .with { $0.response = Self.reply(name) } } }
        }
        return FakeNode(script)
    }

    private static func reply(_ value: String) -> Kvnode_V1_GetResponse {
        .with {
            $0.found = true
            $0.siblings = [.with { $0.value = Data(value.utf8) }]
        }
    }

    private let keys = (0..<32).map { KVNodeStore.Key("key\($0)", in: "b") }

    private func text(_ reading: KVNodeStore.Reading) -> String {
        String(decoding: reading.value ?? Data(), as: UTF8.self)
    }

    @Test("each request goes to the node that has its key, and elsewhere once the layout has changed")
    func routing() async throws {
        let (a, b) = (half("a"), half("b"))
        try await withStore(of: b, a) { store in
            await store.refreshRouting()
            let table = try #require(store.route { $0.table })
            for key in keys {
                let reading = try await store.get(key)
                #expect(text(reading) == table.nodes(for: key)[0])
            }
            #expect(!a.calls.isEmpty && !b.calls.isEmpty)
            for (name, node) in [("a", a), ("b", b)] {
                let changed = half(name, version: 2, first: 1)
                node.change { $0 = changed.currentScript }
            }
            await store.refreshRouting()
            for key in keys {
                let reading = try await store.get(key)
                #expect(text(reading) != table.nodes(for: key)[0])
            }
        }
    }

    @Test("nodes of a version that doesn't tell are asked in turn")
    func olderNodes() async throws {
        let (a, b) = (FakeNode(), FakeNode())
        try await withStore(of: a, b) { store in
            await store.refreshRouting()
            for key in keys { _ = try await store.get(key) }
        }
        #expect(a.calls.count == 16 && b.calls.count == 16)
    }

    @Test("a batch is one message to each node, and its results are in the keys' order")
    func batch() async throws {
        let (a, b) = (half("a"), half("b"))
        try await withStore(of: a, b) { store in
            await store.refreshRouting()
            let table = try #require(store.route { $0.table })
            let readings = try await store.getAll(keys).map { try $0.get() }
            #expect(readings.map(text) == keys.map { table.nodes(for: $0)[0] })
        }
        #expect(a.calls == ["BatchGet"] && b.calls == ["BatchGet"])
    }

    @Test("entries that fail are asked for again, and they alone; what is wrong with one is said of it")
    func batchRetries() async throws {
        let node = FakeNode()
        node.change {
            $0.batchGet = { request in
                let isFirst = request.entries.count > 4
                return .with {
                    $0.results = request.entries.enumerated().map { index, _ in
                        .with {
                            if index == 0, isFirst {
                                $0.error = .with {
                                    $0.code = .permissionDenied
                                    $0.reason = "permission_denied"
                                }
                            } else if index % 8 == 1, isFirst {
                                $0.error = .with {
                                    $0.code = .resourceExhausted
                                    $0.reason = "overloaded"
                                }
                            } else {
                                $0.response = Self.reply("v")
                            }
                        }
                    }
                }
            }
        }
        try await withStore(of: node) { store in
            let results = await store.getAll(keys)
            #expect(results.count == 32)
            #expect(throws: KVNodeError.self) { try results[0].get() }
            let readings = try results.dropFirst().map { try $0.get() }
            #expect(readings.allSatisfy { text($0) == "v" })
        }
        #expect(node.calls.count == 2)
    }

    @Test("of a batch of writes only those are made again that were not done")
    func batchWrites() async throws {
        let node = FakeNode()
        let sizes = Mutex<[Int]>([])
        node.change {
            $0.batchPut = { request in
                let isFirst = sizes.withLock { sizes in
                    sizes.append(request.entries.count)
                    return sizes.count == 1
                }
                return .with {
                    $0.results = request.entries.indices.map { index in
                        .with {
                            if isFirst, index == 0 {
                                $0.error = .with {
                                    $0.code = .unavailable
                                    $0.reason = "quorum_not_reached"
                                    $0.replicasNeeded = 2
                                }
                            } else if isFirst, index < 3 {
                                $0.error = .with {
                                    $0.code = .resourceExhausted
                                    $0.reason = "overloaded"
                                }
                            } else {
                                $0.response = .with { $0.context = Data([1]) }
                            }
                        }
                    }
                }
            }
        }
        try await withStore(of: node) { store in
            let results = await store.putAll(
                keys.map { .init(Data(), at: $0, context: .init(bytes: Data([9]))) })
            let unknown = #expect(throws: KVNodeError.self) { try results[0].get() }
            #expect(unknown?.kind == .quorumNotReached && unknown?.mayHaveHappened == true)
            #expect(unknown?.attempts == 1)
            let contexts = try results.dropFirst().map { try $0.get() }
            #expect(contexts.allSatisfy { $0.bytes == Data([1]) })
        }
        #expect(sizes.withLock { $0 } == [32, 2])
    }

    @Test("a message of writes that breaks off is in doubt as a whole; what comes after it was not sent")
    func brokenBatch() async throws {
        let node = FakeNode()
        node.change { $0.batchPut = { _ in throw RPCError(code: .unavailable, message: "gone") } }
        try await withStore(
            of: node,
            change: {
                $0.maxBatchEntries = 8
                $0.retries.maxAttempts = 1
            }
        ) { store in
            let results = await store.putAll(keys.map { .init(Data(), at: $0) })
            let doubts = results.map { result in
                if case .failure(let error) = result { error.mayHaveHappened } else { false }
            }
            #expect(doubts == Array(repeating: true, count: 8) + Array(repeating: false, count: 24))
        }
        #expect(node.calls == ["BatchPut"])
    }

    @Test("a batch to a node that can't be reached goes to another; with none, each entry has the failure")
    func batchFailover() async throws {
        let node = half("a")
        let nobody = KVNodeEndpoint(host: "127.0.0.1", port: 9)
        try await withStore(of: node, change: { $0.endpoints.insert(nobody, at: 1) }) { store in
            for _ in 0..<2 {
                let readings = try await store.getAll(keys).map { try $0.get() }
                #expect(readings.count == 32 && readings.allSatisfy { text($0) == "a" })
            }
        }
        try await withStore(of: node, change: { $0.endpoints = [nobody] }) { store in
            let results = await store.getAll(keys)
            #expect(results.count == 32)
            for result in results {
                let error = #expect(throws: KVNodeError.self) { try result.get() }
                #expect(error?.kind == .unavailable && error?.endpoint == nobody)
            }
        }
        let nothing = try await KVNodeStore(.init(endpoints: [nobody])).getAll([])
        #expect(nothing.isEmpty)
    }

    // MARK: Updates

    /// A node whose key has two siblings, and which refuses so many writes first, as if others had written.
    private func contended(_ refusals: Int) -> FakeNode {
        let node = FakeNode()
        node.change {
            $0.get = { _ in
                .with {
                    $0.found = true
                    $0.siblings = ["milk", "tea"].map { value in
                        .with {
                            $0.value = Data(value.utf8)
                            $0.contentType = "text/plain"
                        }
                    }
                    $0.context = Data([9])
                }
            }
            $0.put = { [weak node] request in
                let writes = node?.calls.count { $0 == "Put" } ?? 0
                if writes <= refusals {
                    throw FakeNode.refusal(.failedPrecondition, "precondition_failed", answered: 2, needed: 2)
                }
                #expect(request.value == Data("milk, tea".utf8) && request.contentType == "text/plain")
                #expect(request.condition == .ifMatch(Data([9])))
                return .with { $0.context = Data([10]) }
            }
        }
        return node
    }

    private func joined(_ siblings: [KVNodeStore.Sibling]) -> Data {
        Data(siblings.map { String(decoding: $0.value, as: UTF8.self) }.joined(separator: ", ").utf8)
    }

    @Test("an update merges siblings, and begins again while others write")
    func update() async throws {
        let node = contended(2)
        try await withStore(of: node) { store in
            let context = try await store.update(keys[0]) { joined($0) }
            #expect(context.bytes == Data([10]))
        }
        #expect(node.calls == ["Get", "Put", "Get", "Put", "Get", "Put"])
    }

    /// Counts what it merges, in a state of its own.
    private actor Merger {
        private(set) var merges = 0

        func update(_ key: KVNodeStore.Key, of store: KVNodeStore) async throws {
            try await store.update(key) { _ in
                merges += 1
                return Data("milk, tea".utf8)
            }
        }
    }

    @Test("a merge runs where its caller does")
    func isolation() async throws {
        let merger = Merger()
        try await withStore(of: contended(1)) { store in try await merger.update(keys[0], of: store) }
        #expect(await merger.merges == 2)
    }

    @Test(
        "an update gives up after as many attempts as it has, and writes nothing if there is nothing to write"
    )
    func contention() async throws {
        let node = contended(.max)
        try await withStore(of: node, change: { $0.maxUpdateAttempts = 3 }) { store in
            let error = await #expect(throws: KVNodeError.self) {
                try await store.update(keys[0]) { joined($0) }
            }
            #expect(error?.kind == .contention && error?.attempts == 3 && error?.mayHaveHappened == false)
            #expect(node.calls.count == 6)
            let context = try await store.update(keys[0]) { _ in nil }
            #expect(context.bytes == Data([9]) && node.calls.count == 7)
        }
    }
}
