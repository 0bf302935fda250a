import Testing

@testable import ClusterCore

/// What must hold of a cluster's layouts, seen from outside: knows what each node really confirmed, not what others
/// think it did.
struct LayoutWatch {
    let seed: UInt64
    private(set) var violations: [String] = []
    var writes = 0
    var reads = 0
    /// Versions for which more than one node proposed a layout.
    var contested: Int { proposers.values.count { $0.count > 1 } }
    private var proposers: [UInt64: Set<NodeID>] = [:]
    /// The layouts closed or decided on, of each version.
    private(set) var layouts: [UInt64: Layout]
    private var promises: [NodeID: LayoutEpoch] = [:]
    private var steps: [NodeID: [UInt64: Set<LayoutHistory.Step>]] = [:]

    init(seed: UInt64, first: Layout) {
        self.seed = seed
        layouts = [first.version: first]
    }

    mutating func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
        if !condition { violations.append(message()) }
    }

    mutating func confirmed(_ step: LayoutHistory.Step, _ version: UInt64, by node: NodeID) {
        steps[node, default: [:]][version, default: []].insert(step)
        guard step != .filled else { return }
        let left: LayoutEpoch =
            step == .adopted ? .adopting(from: version - 1) : .releasing(from: version - 1)
        promises[node] = max(promises[node] ?? left, left)
    }

    /// A node has lost its disk, and forgets what it promised.
    mutating func wiped(_ node: NodeID) { promises[node] = nil }

    /// That a node serves no request of a view that it has promised to be past.
    mutating func served(_ epoch: LayoutEpoch, by node: NodeID) {
        guard let promise = promises[node] else { return }
        expect(epoch >= promise, "a request of epoch \(epoch.rawValue) served past \(promise.rawValue)")
    }

    mutating func observe(_ history: LayoutHistory) {
        for layout in [history.current, history.next, history.previous].compactMap({ $0 }) {
            let known = layouts[layout.version] ?? layout
            layouts[layout.version] = known
            expect(known == layout, "two layouts of version \(layout.version)")
        }
        let version = history.latest.version
        if let leading = history.election.leading {
            proposers[version + 1, default: []].insert(leading.ballot.node)
        }
        switch history.stage {
        case .stable, .deciding:
            guard version > 1 else { return }
            expectAll(.released, version, history)
        case .adopting: break
        case .filling: expectAll(.adopted, version, history)
        case .releasing: expectAll(.filled, version, history)
        }
    }

    /// That nobody thinks a step complete which a member has not confirmed that nobody thinks lost.
    private mutating func expectAll(_ step: LayoutHistory.Step, _ version: UInt64, _ history: LayoutHistory) {
        for layout in [layouts[version - 1], layouts[version]].compactMap({ $0 }) {
            for member in layout.members where (history.absences[member.id]?.version ?? 0) < version {
                expect(
                    steps[member.id]?[version]?.contains(step) ?? false,
                    "version \(version) is past \(step) without \(member.name)")
            }
        }
    }
}
