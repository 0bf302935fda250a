import NIOCore

/// Timers by the ten thousand, most of which are never due: a ring of slots, one a tick, to which adding costs O(1).
///
/// There is no removal: the owner ignores what has ended by the time it is due. After Varghese and Lauck, "Hashed and
/// hierarchical timing wheels" (1987), scheme 6.
struct DeadlineWheel {
    static let tick = TimeAmount.milliseconds(10)

    private struct Entry {
        var id: UInt64
        var due: NIODeadline
    }

    private var slots: [[Entry]]
    private var position: Int
    private var current: NIODeadline
    /// Entries in all slots.
    private(set) var count = 0

    init(now: NIODeadline, slotCount: Int = 1024) {
        slots = Array(repeating: [], count: slotCount)
        position = 0
        current = now
    }

    /// Starts anew at `now`; the wheel must be empty.
    mutating func reset(to now: NIODeadline) {
        assert(count == 0)
        current = now
    }

    mutating func add(_ id: UInt64, due: NIODeadline) {
        let ticks = max(1, (due - current).nanoseconds / Self.tick.nanoseconds + 1)
        // What lies beyond the ring waits in its last slot and is put in again from there.
        let distance = min(Int(ticks), slots.count - 1)
        slots[(position + distance) % slots.count].append(Entry(id: id, due: due))
        count += 1
    }

    /// Moves on to `now` and returns what has come due.
    mutating func advance(to now: NIODeadline) -> [UInt64] {
        var due: [UInt64] = []
        while current + Self.tick <= now {
            current = current + Self.tick
            position = (position + 1) % slots.count
            let entries = slots[position]
            slots[position].removeAll(keepingCapacity: true)
            count -= entries.count
            for entry in entries {
                if entry.due <= now { due.append(entry.id) } else { add(entry.id, due: entry.due) }
            }
        }
        return due
    }
}
