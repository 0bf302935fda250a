import Benchmark
import ClusterCore

/// Whole puts and gets, from the first event to the last action, with the replicas' answers as events. As the runtime does it,
/// each event has its own array of actions.
func registerCoordinators() {
    let sets = Ring().replicas
    let replicas = Array(sets.readable)
    let versions = States.value

    measure("put.n3w2") {
        var coordinator = PutCoordinator(
            local: replicas[0], sets: sets, w: 2, context: versions.causalContext)
        func step(
            expecting count: Int, _ event: (inout PutCoordinator, inout [PutCoordinator.Action]) -> Void
        ) {
            var actions: [PutCoordinator.Action] = []
            event(&coordinator, &actions)
            precondition(actions.count == count)
            blackHole(actions)
        }
        // Write here; replicate to both; answer the client; finished.
        step(expecting: 1) { $0.start(&$1) }
        step(expecting: 2) { $0.localDone(versions, &$1) }
        step(expecting: 1) { $0.acked(from: replicas[1], &$1) }
        step(expecting: 1) { $0.acked(from: replicas[2], &$1) }
    }

    // Two are asked. The second has the same as the first, or nothing and is repaired.
    for (name, isStale) in [("get.n3r2", false), ("get.n3r2.repair", true)] {
        measure(name) {
            var coordinator = GetCoordinator(
                replicas: replicas, r: 2, policy: .siblings, fanout: .quorum)
            func step(
                expecting count: Int,
                _ event: (inout GetCoordinator, inout [GetCoordinator.Action]) -> Void
            ) {
                var actions: [GetCoordinator.Action] = []
                event(&coordinator, &actions)
                precondition(actions.count == count)
                blackHole(actions)
            }
            // Ask both, and one more if they are slow; nothing yet.
            step(expecting: 3) { $0.start(&$1) }
            step(expecting: 0) { $0.received(versions, from: replicas[0], &$1) }
            // Answer the client, repair; finished.
            if isStale {
                step(expecting: 3) { $0.received(nil, from: replicas[1], &$1) }
            } else {
                step(expecting: 2) { $0.received(sameAs: replicas[0], from: replicas[1], &$1) }
            }
        }
    }
}
