import Cluster
import ClusterCore

/// A client: reads and writes a few keys, passes back the contexts that it was given, and tells the history.
final class Client: @unchecked Sendable {
    // @unchecked: a simulation runs on one thread.

    let name: String
    unowned let world: World
    /// What the client was last shown of each key.
    private var known: [Int: (seen: Set<History.WriteID>, context: [UInt8])] = [:]
    private var count = 0
    private var isWorking = true

    init(name: String, world: World) {
        self.name = name
        self.world = world
    }

    func start() { pause() }

    /// Begins nothing more.
    func stop() { isWorking = false }

    private func pause() {
        world.scheduler.after(world.scheduler.delay(micros: 1_000...300_000)) { [self] in
            if isWorking { act() }
        }
    }

    private func act() {
        let up = world.nodes.filter(\.isUp)
        guard !up.isEmpty else { return pause() }
        let node = up[world.scheduler.number(below: up.count)]
        let busyKeys = world.plan.keys - world.plan.passingKeys
        let passed = world.plan.passed(at: world.scheduler.now)
        if world.plan.dataKeys > 0, world.scheduler.happens(0.3) { return actOnData(at: node) }
        switch world.scheduler.number(below: 20) {
        case 0..<6: read(world.scheduler.number(below: busyKeys), from: node)
        case 6..<15: write(world.scheduler.number(below: busyKeys), at: node, deletes: world.plan.deletes)
        case 15..<18 where world.plan.readsWhatPassed:
            read(passed.lowerBound + world.scheduler.number(below: passed.count), from: node)
        default: write(passed.upperBound - 1, at: node, deletes: 0.5)
        }
    }

    private func read(_ key: Int, from node: SimulatedNode) {
        let start = world.scheduler.now
        let request = GetRequest(
            bucket: world.bucket(ofKey: key), key: World.bytes(ofKey: key), timeoutMillis: 2_000)
        world.trace("\(name) reads k\(key) from \(node.name)")
        submit(.get(request), to: node) { [self] response in
            guard case .read(let reading) = response else { return noteFailure(key, response) }
            let shown = note(reading, of: key)
            world.trace("\(name) was shown k\(key): \(shown.sorted())")
            world.history.checkRead(
                of: key, shown: shown, world.vector(of: reading.context, key: key), from: start,
                to: world.scheduler.now, isSloppy: world.isSloppy(key))
        }
    }

    /// - Parameter deletes: How often it is a delete.
    private func write(_ key: Int, at node: SimulatedNode, deletes: Double) {
        let isDelete = world.scheduler.happens(deletes)
        let id = nextID()
        // Now and then without a context, as a client does that never reads.
        let base = world.scheduler.happens(0.8) ? known[key] : nil
        let ttl =
            !isDelete && world.scheduler.happens(world.plan.expiring)
            ? 1 + world.scheduler.number(below: 5) : nil
        world.history.begin(
            id, .init(key: key, seen: base?.seen ?? [], mayVanish: isDelete || ttl != nil))
        let request = PutRequest(
            bucket: world.bucket(ofKey: key), key: World.bytes(ofKey: key),
            content: isDelete ? .tombstone : .value(Array(id.utf8), contentType: ""),
            context: base?.context ?? [], expiry: Expiry(ttlSeconds: ttl), returnSiblings: true,
            timeoutMillis: 2_000)
        world.trace("\(name) \(isDelete ? "deletes" : "writes") k\(key) as \(id) at \(node.name)")
        submit(.put(request), to: node) { [self] response in
            guard case .written(let reading) = response else { return noteFailure(key, response) }
            let own = reading.siblings.first { $0.text == id }
            world.history.acknowledge(id, at: world.scheduler.now, dot: own?.dot)
            let shown = note(reading, of: key)
            world.trace("\(name) was told \(id) of k\(key): \(shown.sorted())")
        }
    }

    /// For a value that nobody else writes.
    func nextID() -> String {
        count += 1
        return "\(name)-\(count)"
    }

    private func note(_ reading: Reading, of key: Int) -> Set<History.WriteID> {
        let shown = Set(reading.siblings.compactMap(\.text))
        known[key] = (shown, reading.context)
        world.history.checkSiblings(shown, of: key)
        return shown
    }

    func noteFailure(_ key: Int, _ response: Response) {
        world.history.noteFailure()
        if case .failed(let error) = response {
            world.trace("\(name) failed at k\(key): \(error.code)")
        } else {
            world.violations.append("\(name) got the wrong kind of answer")
        }
    }

    /// Sends a request and hands over its answer, of which there must be one in time unless the node ends before.
    func submit(
        _ request: Request, to node: SimulatedNode, _ done: @escaping (Response) -> Void
    ) {
        let call = Call(done)
        let target = node.node
        target?.submit(request, from: .grpc) { [self] response in
            if call.isAnswered { return world.violations.append("\(name) was answered twice") }
            call.isAnswered = true
            call.done(response)
            if !call.isGivenUp { pause() }
        }
        world.scheduler.after(.milliseconds(3_000)) { [self] in
            if call.isAnswered { return }
            call.isGivenUp = true
            if node.node === target {
                world.violations.append("\(name) got no answer from \(node.name) in time")
            }
            pause()
        }
    }

    private final class Call: @unchecked Sendable {
        // @unchecked: a simulation runs on one thread.
        let done: (Response) -> Void
        var isAnswered = false
        var isGivenUp = false

        init(_ done: @escaping (Response) -> Void) { self.done = done }
    }
}

extension Sibling {
    /// The write that this is, by its value.
    var text: String? {
        if case .value(let bytes, _) = content { String(decoding: bytes, as: UTF8.self) } else { nil }
    }
}
