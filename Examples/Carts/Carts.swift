import Foundation
import KVNodeClient

/// Shopping carts of which no item is lost, whoever writes at the same time: `swift run carts`, with the three nodes of
/// `make run`. Other nodes are given as arguments, each as host:port.
@main
struct Carts {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let nodes =
            arguments.isEmpty ? ["127.0.0.1:7400", "127.0.0.1:7410", "127.0.0.1:7420"] : Array(arguments)
        let endpoints = nodes.compactMap { KVNodeEndpoint($0) }
        guard endpoints.count == nodes.count else {
            fail("give the nodes as host:port: \(nodes.joined(separator: " "))")
        }
        do {
            try await withKVNodeStore(KVNodeConfiguration(endpoints: endpoints)) { store in
                // A name of its own for each run, so that each finds no cart.
                let shop = Shop(store: store, customer: "customer-\(UUID().uuidString)")
                try await shop.openTwiceAtOnce()
                try await shop.addAtOnce(["eggs", "bread", "rice"])
                try await shop.countVisits(3)
                try await shop.readMany()
            }
        } catch let error as KVNodeError {
            fail("\(error)")
        }
    }

    private static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data("carts: \(message)\n".utf8))
        exit(1)
    }
}

/// What the example does, one step after the other.
struct Shop {
    let store: KVNodeStore
    let customer: String

    private var cart: KVNodeStore.Key { .init(customer, in: "carts") }

    /// Two writers, neither of which has seen the other: both values are kept, as siblings.
    func openTwiceAtOnce() async throws {
        async let phone = store.put(Cart(["milk"]).encoded, at: cart)
        async let laptop = store.put(Cart(["tea"]).encoded, at: cart)
        _ = try await (phone, laptop)
        let found = try await store.get(cart)
        print("siblings: \(found.siblings.count)")
    }

    /// Several updates at the same time. Each merges what it finds, and begins again if another was faster.
    func addAtOnce(_ items: [String]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for item in items {
                group.addTask {
                    try await store.update(cart) { siblings in
                        var merged = Cart(merging: siblings)
                        merged.items.insert(item)
                        return merged.encoded
                    }
                }
            }
            try await group.waitForAll()
        }
        let merged = Cart(merging: try await store.get(cart).siblings)
        print("cart: \(merged.items.sorted().joined(separator: ", "))")
    }

    /// A counter needs neither a context nor a merge.
    func countVisits(_ visits: Int) async throws {
        let counter = KVNodeStore.Key(customer, in: "visits")
        for _ in 0..<visits { try await store.change(counter, .add(1)) }
        guard case .values(let values) = try await store.data(at: counter).content else { return }
        print("visits: \(values.map { String(decoding: $0, as: UTF8.self) }.joined())")
    }

    /// Many keys with one message to each node. Each has a result of its own.
    func readMany() async throws {
        let keys = (1...100).map { KVNodeStore.Key("\(customer)/order/\($0)", in: "orders") }
        let puts = keys.map { KVNodeStore.Put(Data("paid".utf8), at: $0) }
        for written in await store.putAll(puts) { _ = try written.get() }
        let readings = try await store.getAll(keys).map { try $0.get() }
        print("orders: \(readings.count { $0.value == Data("paid".utf8) })")
    }
}

/// A set of items; what was in either of two carts is in the merged one.
struct Cart {
    var items: Set<String>

    init(_ items: Set<String>) { self.items = items }

    init(merging siblings: [KVNodeStore.Sibling]) {
        items = siblings.reduce(into: []) { items, sibling in
            let text = String(decoding: sibling.value, as: UTF8.self)
            items.formUnion(text.split(separator: "\n").map(String.init))
        }
    }

    var encoded: Data { Data(items.sorted().joined(separator: "\n").utf8) }
}
