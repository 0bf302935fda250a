import Cluster
import ClusterCore
import Engine
import Testing

@testable import Simulation

/// What random runs seldom come to: hints for a node that has left, hints that are too old, hints that find no room.
@Suite struct HandoffTests {
    /// A write of a key, as nobody else makes it.
    private func state(_ key: Int) -> Versions {
        var versions = Versions()
        versions.write(
            .value(Array("hinted".utf8), contentType: ""), dot: Dot(actor: 9, counter: UInt64(key) + 1),
            timestamp: Timestamp(milliseconds: 1), context: CausalContext(), policy: .siblings)
        return versions
    }

    /// A cluster without faults or clients, whose nodes have run for a second.
    private func world(_ change: (inout Plan) -> Void = { _ in }) throws -> World {
        var plan = Plan()
        plan.faults = []
        plan.clients = 0
        plan.spares = 0
        let world = try World(plan, seed: 1, print: nil, change)
        for node in world.nodes { node.start() }
        world.scheduler.run(until: .milliseconds(500))
        world.makeBuckets()
        world.scheduler.run(until: .seconds(1))
        return world
    }

    /// Puts a hint of `key` onto a disk, as an earlier run of the node left it.
    private func keep(
        _ key: Int, for target: NodeID, at node: SimulatedNode, createdMillis: UInt64, in world: World
    ) throws {
        let stored = world.storageKey(key)
        var record = HintRecord()
        record.add(
            Hint(key: stored, createdMillis: createdMillis, policy: .siblings, versions: state(key)))
        var batch = WriteBatch()
        batch.put(.hints, HintKey(target: target, key: stored).bytes, HintRecordCodec.encode(record))
        try node.disk.write(batch, durability: .synced)
    }

    private func restart(_ node: SimulatedNode, within world: World) {
        node.end(.killed)
        node.start()
        world.scheduler.run(until: world.scheduler.now + .seconds(20))
    }

    private var now: UInt64 { 1_795_000_000_000 }

    @Test func hintsForANodeThatHasLeftGoToTheReplicas() throws {
        let world = try world()
        for key in 0..<world.plan.keys {
            try keep(key, for: NodeID(name: "gone"), at: world.nodes[0], createdMillis: now, in: world)
        }
        restart(world.nodes[0], within: world)
        #expect(world.hints.isEmpty && world.violations == [])
        for key in 0..<world.plan.keys {
            #expect(
                world.states(ofKey: key).filter { $0 == state(key) }.count >= world.properties(ofKey: key).w)
        }
        #expect(world.nodes[0].node?.handoffStatistics.delivered == world.plan.keys)
    }

    @Test func hintsForANodeThatIsNoReplicaGoToTheReplicas() throws {
        let world = try world()
        let replicas = world.currentLayout.replicas(ofPartition: world.storageKey(0).partition)
        let other = try #require(world.nodes.first { !replicas.contains($0.id) })
        let keeper = try #require(world.nodes.last { $0.id != other.id })
        try keep(0, for: other.id, at: keeper, createdMillis: now, in: world)
        restart(keeper, within: world)
        #expect(world.hints.isEmpty && world.leftovers == [])
        #expect(world.states(ofKey: 0).filter { $0 == state(0) }.count >= 2)
    }

    /// By whatever clock they came: it may have been wrong, or the present one is.
    @Test func hintsOfAnEarlierRunAreAsOldAsThisOne() throws {
        let world = try world()
        world.nodes[1].end(.killed)
        let years: UInt64 = 10 * 365 * 86_400_000
        for (key, created) in [now - years, now, now + years].enumerated() {
            try keep(key, for: world.nodes[1].id, at: world.nodes[0], createdMillis: created, in: world)
        }
        restart(world.nodes[0], within: world)
        let statistics = try #require(world.nodes[0].node?.handoffStatistics)
        #expect(statistics.expired == 0 && statistics.count == 3)
        world.nodes[1].start()
        world.scheduler.run(until: world.scheduler.now + .seconds(20))
        #expect(world.hints.isEmpty && world.nodes[0].node?.handoffStatistics.delivered == 3)
    }

    /// Puts k0 at one of its replicas while another is down.
    private func put(_ world: World) throws -> (response: Response?, coordinator: SimulatedNode) {
        let replicas = world.currentLayout.replicas(ofPartition: world.storageKey(0).partition)
        let nodes = replicas.compactMap { id in world.nodes.first { $0.id == id } }
        nodes[1].end(.killed)
        world.scheduler.run(until: world.scheduler.now + .seconds(5))
        let answer = Answer()
        let request = PutRequest(
            bucket: world.bucket(ofKey: 0), key: World.bytes(ofKey: 0), content: .value([1], contentType: ""))
        nodes[0].node?.submit(.put(request), from: .grpc) { answer.response = $0 }
        world.scheduler.run(until: world.scheduler.now + .seconds(3))
        return (answer.response, nodes[0])
    }

    private final class Answer: @unchecked Sendable {
        // @unchecked: a simulation runs on one thread.
        var response: Response?
    }

    @Test func aWriteWhoseHintFindsNoRoomGoesWithout() throws {
        let world = try world {
            $0.hintLimits.maxBytes = 10
            $0.refusesWhenFull = false
        }
        let (response, coordinator) = try put(world)
        guard case .written = response else { return #expect(Bool(false), "\(String(describing: response))") }
        let statistics = try #require(coordinator.node?.handoffStatistics)
        #expect(statistics.unkept == 1 && statistics.count == 0 && statistics.stored == 0)
    }

    @Test func aWriteWhoseHintWouldFindNoRoomIsRefusedIfSoConfigured() throws {
        let world = try world {
            $0.hintLimits.maxBytes = 0
            $0.refusesWhenFull = true
        }
        let (response, coordinator) = try put(world)
        guard case .failed(let error) = response else {
            return #expect(Bool(false), "\(String(describing: response))")
        }
        #expect(error.code == .overloaded && error.message.hasSuffix("nothing was written"))
        #expect(coordinator.node?.handoffStatistics.refusedWrites == 1)
        #expect(world.states(ofKey: 0) == [nil, nil, nil])
    }
}
