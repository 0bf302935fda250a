import Cluster
import ClusterCore
import Engine
import Logging
import NIOCore

/// How a node's run ends.
enum Ending: CaseIterable {
    /// In good order, as by SIGTERM.
    case stopped
    /// The process is killed; what it had written is with the operating system.
    case killed
    /// The machine loses power, and with it what was not flushed.
    case powerLost
}

/// A node with its disk and its clock, run after run.
final class SimulatedNode: @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.

    let name: String
    let id: NodeID
    let disk: SimulatedDisk
    /// The running node, unless it is down.
    private(set) var node: ClusterNode?
    /// How far the wall clock is from the true time, in milliseconds.
    var clockOffset: Int64 = 0
    private unowned let world: World
    private var life = Life()
    private var executor: EngineExecutor?
    private var boot = 0
    private var transport: SimulatedTransport?
    private var isStopping = false
    /// It was to start while it was stopping.
    private var startsAgain = false

    init(name: String, world: World) {
        self.name = name
        self.world = world
        id = NodeID(name: name)
        disk = SimulatedDisk(node: name)
    }

    var isUp: Bool { node != nil && !isStopping }

    var layoutInWords: String {
        guard let history = node?.layouts else { return "down" }
        let awaited = history.awaited.compactMap { id in world.nodes.first { $0.id == id }?.name }
        return "version \(history.current.version), \(history.stage), awaits \(awaited)"
    }

    /// As an operator at this node.
    func commit(_ change: RoleChange) {
        node?.changeLayouts { (history, own) throws(LayoutChangeError) in
            try history.stage(change, by: own)
            // Whoever else staged something, a sane operator leaves the cluster its replicas.
            let plan = try history.plan()
            if plan.layout.members.count < plan.layout.replicationFactor { throw .nothingStaged }
            try history.commit(by: own, expecting: history.current.version)
        } _: { [self] result in
            if case .failure(let error) = result { world.trace("\(name) refuses: \(error)") }
        }
    }

    private var configuration: ClusterConfiguration {
        ClusterConfiguration(
            clusterName: "simulated", nodeName: name, layout: world.layout,
            bucketDefaults: world.properties(.strict), durability: world.plan.durability,
            defaultTimeout: .seconds(2), maxInFlightPerLoop: 1_000, readFanout: world.plan.readFanout,
            layouts: LayoutConfiguration(
                fill: .init(concurrency: 2, maxComparisons: 2, pageBytes: 200, percent: 50)),
            handoff: HandoffConfiguration(
                limits: world.plan.hintLimits, whenFull: world.plan.refusesWhenFull ? .refuse : .skip,
                sending: .init(maxHintsInFlight: 2, pageSize: 3), interval: .seconds(2), timeout: .seconds(1)),
            antiEntropy: AntiEntropyConfiguration(
                schedule: .init(
                    interval: world.plan.comparisonInterval, returnPause: world.plan.comparisonInterval / 8,
                    retryPause: 500),
                comparison: .init(
                    confirmPause: 300, pageBytes: 100, pageRows: 3, maxKeysInFlight: 2, maxFailures: 4),
                timeout: .seconds(1), building: .init(pageBytes: 100, retryPause: 500)),
            reaping: ReapingConfiguration(
                limits: .init(interval: 2_000, grace: 500, pageBytes: 200, pageRows: 2),
                timeout: .seconds(1)))
    }

    /// The true time.
    static func wallMillis(_ now: UInt64) -> UInt64 { 1_795_000_000_000 + now / 1_000_000 }

    private func environment() -> Environment {
        Environment(
            bootID: "boot \(boot)", dataID: disk.dataID,
            wallMillis: { [unowned self] in
                UInt64(Int64(Self.wallMillis(world.scheduler.now)) + clockOffset)
            },
            randomIdentifier: { [unowned self] in world.scheduler.random.next() | 1 })
    }

    /// Starts the node; tries again later if its disk is full.
    func start() {
        if isStopping { startsAgain = true }
        guard node == nil else { return }
        startsAgain = false
        let life = Life()
        let found = disk.open(findsRefused: world.scheduler.happens(0.5))
        if !found.isEmpty { world.trace("! \(name) finds writes that its disk refused") }
        for batch in found { world.dots.check(batch, at: name) }
        do {
            let engine = SimulatedEngine(disk, world.scheduler) { [unowned world, name] in
                world.dots.check($0, at: name)
                world.news.check($0, on: $1, at: name)
                world.hints.note($0, by: name)
            }
            let environment = environment()
            let state = try NodeState.begin(engine, configuration: configuration, environment: environment)
            let executor = EngineExecutor(engine: engine) { [unowned self] in serve($0, of: life) }
            let loops = (0..<world.plan.loops).map { _ in SimulatedLoop(world.scheduler, life: life) }
            let node = try ClusterNode(
                configuration: configuration, state: state, executor: executor, loops: loops,
                environment: environment, logger: Logger(label: name) { _ in SwiftLogNoOpLogHandler() })
            let hello = node.hello(maxBatchBytes: 4 << 20, engine: "simulated", softwareVersion: "simulated")
            let transport = SimulatedTransport(world.network, hello: hello, life: life, handler: node)
            node.attach(transport)
            (self.node, self.executor, self.life, self.transport) = (node, executor, life, transport)
            isStopping = false
            world.trace("\(name) starts")
            world.network.join(transport, peers: world.nodes.map(\.id))
        } catch let error as EngineError where error.code == .noSpace {
            world.scheduler.after(.milliseconds(500)) { [self] in start() }
        } catch {
            world.violations.append("\(name) does not start: \(error)")
        }
    }

    /// The engine's threads: each round of work takes the disk's time.
    private func serve(_ work: EngineExecutor.Work, of life: Life) {
        let delay =
            switch work {
            case .writes:
                world.scheduler.delay(micros: world.plan.durability == .synced ? 300...5_000 : 20...500)
            case .reads: world.scheduler.delay(micros: 20...1_000)
            }
        world.scheduler.after(delay * disk.slowness, life: life) { [self] in executor?.step(work) }
    }

    /// Ends the run. A stop in good order takes its time; `whenDone` is called when the node is down.
    func end(_ ending: Ending, whenDone: @escaping () -> Void = {}) {
        guard let node, !isStopping else { return whenDone() }
        world.trace("! \(name) is \(ending)")
        switch ending {
        case .stopped:
            isStopping = true
            let done = Sendably(whenDone)
            node.drain { [self] in
                // The engine's own threads have nothing left to do: every operation has ended.
                world.scheduler.after(.milliseconds(100), life: life) { [self] in
                    finish()
                    done.body()
                }
            }
        case .killed, .powerLost:
            if ending == .powerLost { losePower() }
            goDown(withPower: ending == .killed)
            whenDone()
        }
    }

    private func finish() {
        if let executor {
            executor.step(.writes)
            do {
                try node?.close(executor.engine)
            } catch {
                // As with a real one: the next run takes it for a crash.
                world.trace("\(name) could not mark its stop: \(error)")
            }
        }
        goDown(withPower: true)
        if startsAgain { start() }
    }

    private func losePower() {
        boot += 1
        if disk.losePower(&world.scheduler.random) { world.trace("! \(name) lost writes") }
    }

    /// The simulation is over.
    func discard() { if node != nil { goDown(withPower: false) } }

    private func goDown(withPower: Bool) {
        life.end()
        node?.abandon()
        node = nil
        executor = nil
        isStopping = false
        world.network.leave(id, withPower: withPower)
        transport = nil
    }
}

/// Carries a closure of this one thread into an API that wants it sendable.
private struct Sendably: @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }
}
