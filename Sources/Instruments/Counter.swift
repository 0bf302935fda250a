import Synchronization

/// A handle on a counter: what one writer adds to it. Any thread; an addition is one atomic instruction.
///
/// A metric's figure is the sum of all handles with the same labels, so that each thread can have one of its own and none
/// waits for a line of memory that another one writes.
public final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    public init() {}

    /// Adds `amount`, which is not negative.
    public func add(_ amount: Int = 1) { count.wrappingAdd(UInt64(amount), ordering: .relaxed) }

    /// As `add`, where no other thread adds to this handle: without an instruction that locks a line of memory.
    public func addAlone(_ amount: Int = 1) {
        count.store(count.load(ordering: .relaxed) &+ UInt64(amount), ordering: .relaxed)
    }

    /// Back to 0, which readers take for a new start of the process.
    public func reset() { count.store(0, ordering: .relaxed) }

    public var value: UInt64 { count.load(ordering: .relaxed) }
}

/// A handle on a gauge: one writer's part of it. Any thread. A metric's figure is the sum of all handles with the same labels.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    public init() {}

    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    public func set(_ value: Int) { set(Double(value)) }

    public func add(_ amount: Double) { change { $0 + amount } }

    /// Sets `value`, unless more is there.
    public func raise(to value: Double) { change { max($0, value) } }

    private func change(_ body: (Double) -> Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = body(Double(bitPattern: old)).bitPattern
            let (exchanged, found) = bits.weakCompareExchange(
                expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = found
        }
    }

    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
