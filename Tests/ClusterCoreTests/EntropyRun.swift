import Testing

@testable import ClusterCore

/// Two replicas and a comparison between them: performs its actions one by one, in any order, with or without faults.
struct EntropyRun {
    typealias Side = PartitionComparison.Side

    enum Work {
        case ask(TreeRequest, Side)
        case fetch(UInt64, StorageKey)
        case push(UInt64, StorageKey)
    }

    var here: EntropyReplica
    var there: EntropyReplica
    var now: UInt64
    let limits: PartitionComparison.Limits
    private var comparison: PartitionComparison
    private(set) var work: [Work] = []
    private(set) var wake: UInt64?
    private(set) var report: ComparisonReport?
    /// What was done so far.
    private(set) var keyPages = 0
    private(set) var exchanged: Set<StorageKey> = []
    private(set) var exchanges = 0
    private var bytesInFlight: [UInt64: Int] = [:]

    init(
        _ here: EntropyReplica, _ there: EntropyReplica, depth: Int = 2,
        limits: PartitionComparison.Limits = .init(), now: UInt64 = 1000
    ) {
        (self.here, self.there, self.now, self.limits) = (here, there, now, limits)
        comparison = PartitionComparison(
            TreeRef(partition: 0, depth: depth), shape: here.shape, limits: limits)
        step { comparison, _, actions in comparison.start(&actions) }
    }

    mutating func step(
        _ event: (inout PartitionComparison, UInt64, inout [PartitionComparison.Action]) -> Void
    ) {
        var actions: [PartitionComparison.Action] = []
        event(&comparison, now, &actions)
        for action in actions {
            #expect(report == nil, "nothing follows the end")
            switch action {
            case .ask(let request, let side):
                if case .keys = request { keyPages += 1 }
                let twice = work.contains { if case .ask(_, side) = $0 { true } else { false } }
                #expect(!twice, "a side is asked one thing at a time")
                work.append(.ask(request, side))
            case .fetch(let number, let key): begin(.fetch(number, key), key)
            case .push(let number, let key): begin(.push(number, key), key)
            case .wake(let time): wake = min(wake ?? time, time)
            case .finished(let found): report = found
            }
        }
    }

    private mutating func begin(_ exchange: Work, _ key: StorageKey) {
        work.append(exchange)
        exchanged.insert(key)
        exchanges += 1
        let count = work.count { if case .ask = $0 { false } else { true } }
        #expect(count <= limits.maxKeysInFlight)
    }

    /// Does the work at `index` and tells the comparison.
    ///
    /// - Parameters:
    ///   - isDone: Whether it takes effect.
    ///   - isTold: Whether the comparison gets to know that it did.
    mutating func perform(_ index: Int, isDone: Bool = true, isTold: Bool = true) {
        switch work.remove(at: index) {
        case .ask(let request, let side):
            let reply = side == .here ? here.answer(request) : there.answer(request)
            step { comparison, now, actions in
                if isDone, isTold {
                    comparison.received(reply, from: side, now: now, &actions)
                } else {
                    comparison.askFailed(side, &actions)
                }
            }
        case .fetch(let number, let key):
            let theirs = there.rows[key]
            if isDone, let theirs { here.merge(theirs, at: key) }
            let merged = here.rows[key]
            step { comparison, now, actions in
                if isDone, isTold {
                    comparison.fetched(number, theirs: theirs, merged: merged, now: now, &actions)
                } else {
                    comparison.exchangeFailed(number, now: now, &actions)
                }
            }
        case .push(let number, let key):
            if isDone, let versions = here.rows[key] { there.merge(versions, at: key) }
            step { comparison, now, actions in
                if isDone, isTold {
                    comparison.pushed(number, now: now, &actions)
                } else {
                    comparison.exchangeFailed(number, now: now, &actions)
                }
            }
        }
    }

    /// Lets the time of the next `wake` come.
    mutating func awake() {
        guard let time = wake else { return }
        wake = nil
        now = max(now, time)
        step { $0.tick(now: $1, &$2) }
    }

    /// Goes on to the end, without faults.
    mutating func finish() {
        for _ in 0..<100_000 where report == nil {
            if !work.isEmpty { perform(0) } else if wake != nil { awake() } else { break }
        }
        if report == nil { Issue.record("the comparison hangs") }
    }

    /// Does everything up to the pause.
    mutating func reachPause() {
        while !work.isEmpty { perform(0) }
    }
}
