/// An ordered map of bytes to bytes whose copies are snapshots: a B+ tree with copy-on-write nodes.
///
/// A copy shares all nodes; a change afterwards copies only the path to the leaf it touches (Driscoll et al., "Making
/// data structures persistent", 1989), so a write is O(log n) with or without snapshots. Leaves that deletes leave
/// small are not merged, only empty ones go.
struct OrderedMap {
    private var root = Node()
    private(set) var count = 0
    /// Bytes of all keys and values.
    private(set) var byteCount = 0

    subscript(key: [UInt8]) -> [UInt8]? {
        var node = root
        while !node.children.isEmpty { node = node.children[node.child(for: key)] }
        let index = node.lowerBound(key)
        return index < node.keys.count && node.keys[index] == key ? node.values[index] : nil
    }

    mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        let (old, split) = Node.put(&root, key, value)
        if let split {
            let grown = Node()
            grown.keys = [split.separator]
            grown.children = [root, split.right]
            root = grown
        }
        byteCount += value.count - (old?.count ?? -key.count)
        if old == nil { count += 1 }
    }

    mutating func remove(_ key: [UInt8]) {
        guard let old = self[key] else { return }
        Node.remove(&root, key)
        if root.children.count == 1 { root = root.children[0] }
        byteCount -= key.count + old.count
        count -= 1
    }

    /// Visits the pairs of `range` in order until `body` answers false.
    func forEach<E: Error>(
        in range: KeyRange, reverse: Bool, _ body: ([UInt8], [UInt8]) throws(E) -> Bool
    ) throws(E) {
        _ = reverse ? try root.descend(range, body) : try root.ascend(range, body)
    }
}

/// A leaf with keys and values, or a branch whose key `i` is above all of child `i` and not above any of child `i + 1`.
private final class Node {
    static let capacity = 64

    var keys: [[UInt8]] = []
    var values: [[UInt8]] = []
    var children: [Node] = []

    private func copy() -> Node {
        let copy = Node()
        copy.keys = keys
        copy.values = values
        copy.children = children
        return copy
    }

    /// The first index whose key is not below `key`.
    func lowerBound(_ key: [UInt8]) -> Int { firstIndex { !$0.precedes(key) } }

    /// The child that holds `key`, if any does.
    func child(for key: [UInt8]) -> Int { firstIndex { key.precedes($0) } }

    private func firstIndex(where isAtOrBehind: ([UInt8]) -> Bool) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if isAtOrBehind(keys[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    // MARK: Changes; `node` is copied first if a snapshot shares it

    static func put(
        _ node: inout Node, _ key: [UInt8], _ value: [UInt8]
    ) -> (old: [UInt8]?, split: (separator: [UInt8], right: Node)?) {
        if !isKnownUniquelyReferenced(&node) { node = node.copy() }
        if node.children.isEmpty {
            let index = node.lowerBound(key)
            if index < node.keys.count, node.keys[index] == key {
                let old = node.values[index]
                node.values[index] = value
                return (old, nil)
            }
            node.keys.insert(key, at: index)
            node.values.insert(value, at: index)
            return (nil, node.splitIfFull())
        }
        let index = node.child(for: key)
        let (old, split) = put(&node.children[index], key, value)
        if let split {
            node.keys.insert(split.separator, at: index)
            node.children.insert(split.right, at: index + 1)
        }
        return (old, node.splitIfFull())
    }

    private func splitIfFull() -> (separator: [UInt8], right: Node)? {
        if keys.count < Self.capacity { return nil }
        // Keys often arrive in order, which would leave every node behind half full; 3/4 suits both that and chance.
        let middle = keys.count * 3 / 4
        let separator = keys[middle]
        let right = Node()
        if children.isEmpty {
            right.keys = Array(keys[middle...])
            right.values = Array(values[middle...])
            values.removeSubrange(middle...)
        } else {
            // A branch's separator moves up and is in neither half.
            right.keys = Array(keys[(middle + 1)...])
            right.children = Array(children[(middle + 1)...])
            children.removeSubrange((middle + 1)...)
        }
        keys.removeSubrange(middle...)
        return (separator, right)
    }

    static func remove(_ node: inout Node, _ key: [UInt8]) {
        if !isKnownUniquelyReferenced(&node) { node = node.copy() }
        if node.children.isEmpty {
            let index = node.lowerBound(key)
            node.keys.remove(at: index)
            node.values.remove(at: index)
            return
        }
        let index = node.child(for: key)
        remove(&node.children[index], key)
        let child = node.children[index]
        if child.keys.isEmpty, child.children.isEmpty {
            node.children.remove(at: index)
            if !node.keys.isEmpty { node.keys.remove(at: max(0, index - 1)) }
        }
    }

    // MARK: Visits; false ends them

    func ascend<E: Error>(
        _ range: KeyRange, _ body: ([UInt8], [UInt8]) throws(E) -> Bool
    ) throws(E) -> Bool {
        if children.isEmpty {
            for index in lowerBound(range.lower)..<keys.count {
                if let upper = range.upper, !keys[index].precedes(upper) { return false }
                guard try body(keys[index], values[index]) else { return false }
            }
            return true
        }
        for index in child(for: range.lower)..<children.count {
            guard try children[index].ascend(range, body) else { return false }
        }
        return true
    }

    func descend<E: Error>(
        _ range: KeyRange, _ body: ([UInt8], [UInt8]) throws(E) -> Bool
    ) throws(E) -> Bool {
        if children.isEmpty {
            let end = range.upper.map(lowerBound) ?? keys.count
            for index in (0..<end).reversed() {
                if keys[index].precedes(range.lower) { return false }
                guard try body(keys[index], values[index]) else { return false }
            }
            return true
        }
        let last = range.upper.map(child(for:)) ?? children.count - 1
        for index in (0...last).reversed() {
            guard try children[index].descend(range, body) else { return false }
        }
        return true
    }
}
