/// Brings two replicas to the same state of the keys in which they differ: fetches the peer's and merges it here, and
/// sends what came of it where the peer lacks some; a window of keys at a time, throttled.
///
/// What the peer has nothing of is asked for as well: it may have reaped it, and says so by what it has seen.
struct KeyExchanges: Sendable {
    typealias Action = PartitionComparison.Action

    private struct Exchange {
        let difference: KeyMerge.Difference
        var isFetching: Bool
    }

    private let limits: PartitionComparison.Limits
    private var throttle: Throttle
    /// Not begun; the next one last.
    private var waiting: [KeyMerge.Difference] = []
    private var inFlight: [UInt64: Exchange] = [:]
    private var bytesInFlight = 0
    private var nextNumber: UInt64 = 1
    private(set) var repairedHere = 0
    private(set) var repairedThere = 0
    private(set) var failed = 0
    private(set) var bytes = 0

    init(limits: PartitionComparison.Limits) {
        self.limits = limits
        throttle = Throttle(bytesPerSecond: limits.bytesPerSecond)
    }

    /// Whether what was added is under way or done.
    var areAllBegun: Bool { waiting.isEmpty }
    var isIdle: Bool { waiting.isEmpty && inFlight.isEmpty }

    /// - Precondition: `areAllBegun`.
    mutating func add(_ differences: [KeyMerge.Difference]) { waiting = differences.reversed() }

    /// Begins nothing more; what is under way ends.
    mutating func dropWaiting() { waiting = [] }

    /// Begins what fits into the window.
    ///
    /// - Returns: When to go on, if the throttle asks for a pause.
    mutating func begin(now: UInt64, _ actions: inout [Action]) -> UInt64? {
        while let next = waiting.last, fits(next) {
            guard throttle.pass(next.byteCount, now: now) else { return throttle.opensAt }
            waiting.removeLast()
            bytesInFlight += next.byteCount
            step(Exchange(difference: next, isFetching: true), &actions)
        }
        return nil
    }

    /// - Parameters:
    ///   - theirs: The peer's state; nil if it has none.
    ///   - merged: This node's after the merge; nil if it has none either.
    mutating func fetched(
        _ number: UInt64, theirs: Versions?, merged: Versions?, _ actions: inout [Action]
    ) {
        guard var exchange = inFlight[number], exchange.isFetching else { return }
        inFlight[number] = nil
        let difference = exchange.difference
        let hash = merged.map { TreeHash.ofRow(difference.key, $0) }
        if hash != difference.here?.hash { repairedHere += 1 }
        if merged != theirs {
            exchange.isFetching = false
            step(exchange, &actions)
        } else {
            end(exchange)
        }
    }

    mutating func pushed(_ number: UInt64) {
        guard let exchange = inFlight[number], !exchange.isFetching else { return }
        inFlight[number] = nil
        repairedThere += 1
        end(exchange)
    }

    mutating func failed(_ number: UInt64) {
        guard let exchange = inFlight.removeValue(forKey: number) else { return }
        failed += 1
        bytesInFlight -= exchange.difference.byteCount
    }

    private mutating func step(_ exchange: Exchange, _ actions: inout [Action]) {
        let key = exchange.difference.key
        inFlight[nextNumber] = exchange
        actions.append(exchange.isFetching ? .fetch(nextNumber, key) : .push(nextNumber, key))
        nextNumber += 1
    }

    private mutating func end(_ exchange: Exchange) {
        bytes += exchange.difference.byteCount
        bytesInFlight -= exchange.difference.byteCount
    }

    private func fits(_ difference: KeyMerge.Difference) -> Bool {
        inFlight.isEmpty
            || inFlight.count < limits.maxKeysInFlight
                && bytesInFlight + difference.byteCount <= limits.maxBytesInFlight
    }
}
