import Testing

@testable import ClusterCore

/// The histories of some nodes that exchange them when the test says so.
struct LayoutCluster {
    var histories: [String: LayoutHistory] = [:]

    static func member(_ name: String, zone: String = "", weight: Double = 1) -> Member {
        Member(name: name, address: "\(name):1", zone: zone, weight: weight)
    }

    /// Members with a layout in common, and other nodes that know it.
    init(_ members: String, others: String = "", partitions: Int = 8) throws {
        let layout = try Layout.initial(
            members: members.split(separator: " ").map { Self.member(String($0)) }, partitionCount: partitions
        )
        for name in (members + " " + others).split(separator: " ") {
            histories[String(name)] = LayoutHistory(layout)
        }
    }

    subscript(_ name: String) -> LayoutHistory {
        get { histories[name]! }
        set { histories[name] = newValue }
    }

    static func id(_ name: String) -> NodeID { NodeID(name: name) }

    mutating func stage(_ change: RoleChange, at name: String) throws {
        try self[name].stage(change, by: Self.id(name))
    }

    mutating func commit(at name: String) throws {
        try self[name].commit(by: Self.id(name), expecting: self[name].current.version)
    }

    /// All named tell all named what they know, until nobody learns anything; votes are cast.
    mutating func spread(_ names: String) {
        let names = names.split(separator: " ").map(String.init)
        var isNews = true
        while isNews {
            isNews = false
            for from in names {
                for to in names {
                    if self[to].merge(self[from]) { isNews = true }
                    if self[to].advance(as: Self.id(to)) { isNews = true }
                }
            }
        }
    }

    /// Confirms what is asked of each, as if all of it had been done.
    mutating func confirm(_ names: String) {
        for name in names.split(separator: " ").map(String.init) {
            for duty in self[name].duties(of: Self.id(name)) {
                switch duty {
                case .adopt(let version, let digest):
                    self[name].confirm(.adopted, version: version, digest: digest, by: Self.id(name))
                case .fill(let version, let digest, _):
                    self[name].confirm(.filled, version: version, digest: digest, by: Self.id(name))
                case .release(let version, let digest):
                    self[name].confirm(.released, version: version, digest: digest, by: Self.id(name))
                case .catchUp: self[name].hasCaughtUp(Self.id(name))
                }
            }
        }
        spread(names)
    }

    func names(_ nodes: [NodeID]) -> [String] {
        let names = Dictionary(uniqueKeysWithValues: histories.keys.map { (Self.id($0), $0) })
        return nodes.map { names[$0] ?? "?" }.sorted()
    }
}
