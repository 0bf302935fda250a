import Synchronization

/// Bounds what all clients of a node together have sent of requests that can't begin yet, most of all since they are not
/// complete: each connection has its own limit, but there may be thousands. Any thread.
public final class ReceiveBudget: Sendable {
    /// What a connection may hold uncounted: most requests are shorter, and then cost nothing here.
    package static let freeBytes = 16 << 10

    private let maxBytes: Int
    private let bytes = Atomic(0)
    private let refusals = Atomic(0)

    /// - Parameter maxBytes: Of all connections, besides what each has free.
    public init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// What they hold now, and how often one was refused more.
    public var statistics: (heldBytes: Int, refusals: Int) {
        (bytes.load(ordering: .relaxed), refusals.load(ordering: .relaxed))
    }

    fileprivate func take(_ count: Int) -> Bool {
        if bytes.wrappingAdd(count, ordering: .relaxed).newValue <= maxBytes { return true }
        giveBack(count)
        refusals.wrappingAdd(1, ordering: .relaxed)
        return false
    }

    fileprivate func giveBack(_ count: Int) { bytes.wrappingSubtract(count, ordering: .relaxed) }
}

/// What one connection has of a `ReceiveBudget`, until it is gone.
package struct ReceivedBytes: ~Copyable {
    private let budget: ReceiveBudget
    private var counted = 0

    package init(of budget: ReceiveBudget) { self.budget = budget }

    deinit { if counted > 0 { budget.giveBack(counted) } }

    /// The connection holds so many bytes now. False if there is no room for more than before: it is to let go of them.
    package mutating func hold(_ bytes: Int) -> Bool {
        let wanted = bytes <= ReceiveBudget.freeBytes ? 0 : bytes
        if wanted > counted {
            guard budget.take(wanted - counted) else { return false }
        } else if wanted < counted {
            budget.giveBack(counted - wanted)
        }
        counted = wanted
        return true
    }

    /// It holds nothing any more.
    package mutating func letGo() { _ = hold(0) }
}
