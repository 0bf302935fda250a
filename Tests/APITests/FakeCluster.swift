import Cluster
import ClusterCore
import Synchronization

/// The layouts of three members a, b and c, of whom c is not connected, as a knows them.
final class FakeCluster: Sendable {
    struct State {
        var history: LayoutHistory
        /// What the disk says to a change.
        var failure: ReplicaError?
        var filling: FillStatus?
        var handoff = HandoffStatistics()
        /// What replicas say of every key.
        var holdings: Result<[KeyHolding], RequestError> = .success([])
    }

    let state: Mutex<State>

    init() {
        let members = ["a", "b", "c"].map { Member(name: $0, address: "\($0):1", zone: "z\($0)") }
        guard let layout = try? Layout.initial(members: members, partitionCount: 16) else {
            preconditionFailure("three members make a layout")
        }
        state = Mutex(State(history: LayoutHistory(layout)))
    }
}

extension FakeService: LayoutService {
    var layouts: LayoutHistory { cluster.state.withLock { $0.history } }

    var status: ClusterStatus {
        cluster.state.withLock { state in
            let hello = PeerHello(cluster: "test", nodeName: "b", engine: "lmdb", softwareVersion: "2")
            return ClusterStatus(
                cluster: "test", node: "a", history: state.history, isLost: false,
                connected: [NodeID(name: "b"): hello],
                gossip: [
                    MemberRecord(name: "b", address: "b:1", instance: 1, incarnation: 1),
                    MemberRecord(name: "z", address: "z:1", zone: "q", instance: 2, incarnation: 1),
                ],
                filling: state.filling, handoff: state.handoff,
                antiEntropy: AntiEntropyStatus(comparisons: EntropyStatus(), trees: 8, completeTrees: 7),
                reaping: ReaperStatus(),
                hintMillis: 10_000)
        }
    }

    func changeLayouts<Outcome: Sendable>(
        _ body: @escaping @Sendable (inout LayoutHistory, NodeID) throws(LayoutChangeError) -> Outcome,
        _ completion: @escaping @Sendable (Result<Outcome, LayoutFailure>) -> Void
    ) {
        let result: Result<Outcome, LayoutFailure> = cluster.state.withLock { state in
            do throws(LayoutChangeError) {
                var history = state.history
                let outcome = try body(&history, NodeID(name: "a"))
                if let failure = state.failure { return .failure(.notStored(failure)) }
                state.history = history
                return .success(outcome)
            } catch {
                return .failure(.refused(error))
            }
        }
        completion(result)
    }
}

extension FakeService: InspectionService {
    var bucketsWithProperties: [(name: String, properties: BucketProperties)] {
        [("carts", BucketProperties(n: 3, r: 1, w: 3)), ("other", BucketProperties(policy: .lastWriteWins))]
    }

    func holdings(
        ofBucket bucket: String, key: [UInt8],
        _ completion: @escaping @Sendable (Result<[KeyHolding], RequestError>) -> Void
    ) {
        completion(cluster.state.withLock { $0.holdings })
    }
}
