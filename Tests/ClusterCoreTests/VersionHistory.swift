@testable import ClusterCore

/// SplitMix64: a seed that is printed replays a failure.
struct VersionRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

/// A random history of one key: replicas that coordinate and exchange states with loss, delay, reordering and duplication,
/// clients with contexts of any age, clocks that disagree.
///
/// Beside each `Versions` it keeps the truth as explicit sets (bit i stands for write i, at most 64 a history), computed
/// by set operations alone.
struct VersionHistory {
    /// What is really known at a place: all writes seen, and those that no seen write replaces.
    struct Truth: Equatable {
        var seen: UInt64 = 0
        var live: UInt64 = 0

        mutating func merge(_ other: Truth) {
            live = live & other.live | live & ~other.seen | other.live & ~seen
            seen |= other.seen
        }
    }

    struct State {
        var versions = Versions()
        var truth = Truth()
    }

    struct Replica {
        var state = State()
        let actor: UInt64
        var counter: UInt64 = 0
        var clock = HybridClock(maxDriftMillis: 1_000_000)
        /// By how much its wall clock is wrong.
        let skew: UInt64
    }

    struct Client {
        var context = CausalContext()
        var seen: UInt64 = 0
        /// Counts what the client may not know of itself: it becomes another writer when it drops its context.
        var session: Int
    }

    struct Write {
        let dot: Dot
        let timestamp: Timestamp
        /// What its coordinator's clock said, before causality was heeded.
        let clock: Timestamp
        /// What its client had seen.
        let past: UInt64
        let session: Int
    }

    let policy: Versions.Policy
    private(set) var random: VersionRandom
    private(set) var replicas: [Replica]
    private(set) var clients: [Client]
    private(set) var writes: [Write] = []
    /// States on their way, which may arrive never, late, or more than once; also a sample of what was reachable.
    private(set) var messages: [State] = []
    private(set) var sessions: Int
    private var wall: UInt64 = 1_000_000

    init(seed: UInt64, policy: Versions.Policy) {
        self.policy = policy
        var random = VersionRandom(seed: seed)
        replicas = (0..<2 + random.below(4)).map { _ in
            Replica(actor: random.next(), skew: UInt64(random.below(500)))
        }
        let clientCount = 1 + random.below(6)
        clients = (0..<clientCount).map { Client(session: $0) }
        sessions = clientCount
        self.random = random
    }

    mutating func run(steps: Int, _ check: (VersionHistory, Int) -> Void) {
        for _ in 0..<steps {
            wall += UInt64(random.below(20))
            let replica = random.below(replicas.count)
            switch random.below(100) {
            case 0..<25: read(random.below(clients.count), at: replica)
            case 25..<60: write(random.below(clients.count), at: replica)
            case 60..<75: messages.append(replicas[replica].state)
            default: deliver(to: replica)
            }
            check(self, replica)
        }
    }

    /// Everyone hears of everything, in random order.
    mutating func exchangeAll() {
        let all = (messages + replicas.map(\.state)).shuffled(using: &random)
        for index in replicas.indices {
            for message in all.shuffled(using: &random) { merge(message, into: index) }
        }
    }

    private mutating func read(_ client: Int, at replica: Int) {
        let state = replicas[replica].state
        if random.chance(20) {
            // Only what this replica says, which may be older than what the client had.
            clients[client].context = state.versions.causalContext
            clients[client].seen = state.truth.seen
            clients[client].session = sessions
            sessions += 1
        } else {
            clients[client].context.join(state.versions.causalContext)
            clients[client].seen |= state.truth.seen
        }
    }

    private mutating func write(_ client: Int, at index: Int) {
        guard writes.count < 64 else { return }
        let bit: UInt64 = 1 << UInt64(writes.count)
        var replica = replicas[index]
        // Writes of other keys take counters too.
        replica.counter += 1 + UInt64(random.below(3))
        let dot = Dot(actor: replica.actor, counter: replica.counter)
        let past = clients[client].seen
        let content: Sibling.Content =
            random.chance(25) ? .tombstone : .value([UInt8(writes.count)], contentType: "")
        let clock = replica.clock.now(wallMillis: wall + replica.skew)
        replica.state.versions.write(
            content, dot: dot, timestamp: clock,
            context: clients[client].context, policy: policy)
        replica.state.truth.live = replica.state.truth.live & ~past | bit
        replica.state.truth.seen |= past | bit
        let stamped = replica.state.versions.siblings.first { $0.dot == dot }!
        writes.append(
            Write(
                dot: dot, timestamp: stamped.timestamp, clock: clock, past: past,
                session: clients[client].session))
        replicas[index] = replica
        // The client learns of its own write, as a put's answer carries the context.
        clients[client].context.join(replica.state.versions.causalContext)
        clients[client].seen |= replica.state.truth.seen
    }

    private mutating func deliver(to replica: Int) {
        guard !messages.isEmpty else { return }
        merge(messages[random.below(messages.count)], into: replica)
    }

    private mutating func merge(_ message: State, into index: Int) {
        replicas[index].state.versions.merge(message.versions, policy: policy)
        replicas[index].state.truth.merge(message.truth)
    }

    /// The dots of the writes whose bits are set, in order.
    func dots(_ bits: UInt64) -> [Dot] {
        writes.indices.filter { bits >> UInt64($0) & 1 == 1 }.map { writes[$0].dot }.sorted()
    }
}
