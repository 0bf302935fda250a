@testable import ClusterCore

/// Seeded, so that a failure can be replayed.
struct QuorumRandom: RandomNumberGenerator {
    private var source: SplitMix64

    init(seed: UInt64) { source = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { source.next() }

    mutating func below(_ bound: Int) -> Int { source.next(below: bound) }
}

let nodeA = NodeID(rawValue: 1)
let nodeB = NodeID(rawValue: 2)
let nodeC = NodeID(rawValue: 3)
let nodeD = NodeID(rawValue: 4)
let threeNodes = [nodeA, nodeB, nodeC]

extension ReplicaError {
    static let down = ReplicaError(code: .unreachable, message: "no connection")
    static let busy = ReplicaError(code: .overloaded, message: "the queue is full")
    static let full = ReplicaError(code: .noSpace, message: "disk full")
}

extension Versions {
    /// One write of `actor`, made by a client that had seen `seen`.
    static func written(
        _ text: String, actor: UInt64, counter: UInt64, seen: Versions = Versions(), expiresAt: UInt64 = 0
    ) -> Versions {
        seen.writing(
            .value(Array(text.utf8), contentType: "text/plain"), actor: actor, counter: counter,
            expiresAt: expiresAt)
    }

    /// These versions deleted by `actor`.
    func deleted(actor: UInt64, counter: UInt64) -> Versions {
        writing(.tombstone, actor: actor, counter: counter, expiresAt: 0)
    }

    private func writing(
        _ content: Sibling.Content, actor: UInt64, counter: UInt64, expiresAt: UInt64
    ) -> Versions {
        var result = self
        result.write(
            content, dot: Dot(actor: actor, counter: counter), timestamp: Timestamp(milliseconds: counter),
            expiresAt: expiresAt, context: causalContext, policy: .siblings)
        return result
    }

    func merged(with others: Versions...) -> Versions {
        others.reduce(into: self) { $0.merge($1, policy: .siblings) }
    }
}

/// All orders of `elements`.
func permutations<Element>(_ elements: [Element]) -> [[Element]] {
    guard elements.count > 1 else { return [elements] }
    return elements.indices.flatMap { index in
        var rest = elements
        let first = rest.remove(at: index)
        return permutations(rest).map { [first] + $0 }
    }
}
