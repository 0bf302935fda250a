import Glibc

/// Rows by key, within a bound of bytes: one shard of a ``RowCache``. For one thread at a time.
///
/// A hash table with linear probing (Knuth, The Art of Computer Programming 3, section 6.4, algorithms L and R), whose slots
/// are the clock of CLOCK, too (Corbató, "A paging experiment with the Multics system", 1968): where room is needed a hand
/// goes over the slots, takes its mark from a row that was used since it last came by, and evicts one without. So a hit
/// costs no more than to set a mark, unlike the moves of a list that LRU takes. That the hand follows the order of hashes,
/// not that of arrival, is as in RocksDB's HyperClockCache.
struct RowTable {
    private struct Slot {
        var hash: UInt64 = 0
        /// Key and value in one piece of memory.
        var row: [UInt8] = []
        /// 0 where the slot is free: no key is empty.
        var keyCount = UInt16(0)
        /// Since the hand last came by.
        var isUsed = false
        /// Its key is being written: see ``beginChange(_:_:)``.
        var isChanging = false

        @inline(__always)
        func holds(_ key: UnsafeRawBufferPointer, _ hash: UInt64) -> Bool {
            self.hash == hash && Int(keyCount) == key.count
                && row.withUnsafeBytes { memcmp($0.baseAddress!, key.baseAddress!, key.count) == 0 }
        }

        func isKey(in range: KeyRange) -> Bool {
            row.withUnsafeBytes {
                let key = UnsafeRawBufferPointer(rebasing: $0[..<Int(keyCount)])
                return !key.precedes(range.lower) && range.upper.map { key.precedes($0) } != false
            }
        }
    }

    /// What a row counts besides its bytes: the array's header of 32 bytes, 16 for what the allocator rounds up, and one to
    /// two and a half slots of 24, as between three eighths and three quarters of them are taken.
    static let overhead = 112
    private static let minimumSlots = 16

    let maxBytes: Int
    private(set) var count = 0
    /// Of all rows, with the overhead of each.
    private(set) var bytes = 0
    private(set) var evictions = 0
    /// A power of two.
    private var slots = [Slot](repeating: Slot(), count: minimumSlots)
    /// The slot to which the clock's hand points.
    private var hand = 0

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// The largest row that is taken, its overhead included: one of these does not throw out all others.
    static func maxRowBytes(of maxBytes: Int) -> Int { maxBytes / 8 }

    // MARK: Reads

    /// The row of `key`, key and value in one, or nil if it is not here or its key is being written.
    @inline(__always)
    mutating func find(_ hash: UInt64, _ key: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let index = index(hash, key), !slots[index].isChanging else { return nil }
        slots[index].isUsed = true
        return slots[index].row
    }

    /// Adds or replaces a row, unless it is too large; rows are evicted until it has room.
    ///
    /// It begins unused: what is asked for once goes before what is asked for again.
    mutating func put(_ hash: UInt64, _ row: [UInt8], keyCount: Int, isUsed: Bool = false) {
        let slot = Slot(hash: hash, row: row, keyCount: UInt16(keyCount), isUsed: isUsed)
        if let index = row.withUnsafeBytes({ index(hash, .init(rebasing: $0[..<keyCount])) }) {
            remove(at: index)
        }
        let size = row.count + Self.overhead
        guard size <= Self.maxRowBytes(of: maxBytes) else { return }
        while bytes + size > maxBytes { evict() }
        if (count + 1) * 4 > slots.count * 3 { grow() }
        place(slot)
        count += 1
        bytes += size
    }

    // MARK: Writes

    /// Hides the row of `key`, if it is here, until ``endChange(_:_:_:)`` or until the row is put anew.
    mutating func beginChange(_ hash: UInt64, _ key: UnsafeRawBufferPointer) {
        if let index = index(hash, key) { slots[index].isChanging = true }
    }

    /// Gives a row that is still hidden its new value, or removes it if that is nil. Does nothing of others.
    mutating func endChange(
        _ hash: UInt64, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?
    ) {
        guard let index = index(hash, key), slots[index].isChanging else { return }
        guard let value else { return remove(at: index) }
        guard slots[index].row.count == key.count + value.count else {
            let row = [UInt8](row: key, value)
            return put(hash, row, keyCount: key.count, isUsed: slots[index].isUsed)
        }
        // In place, unless a reader has the old row: then the array copies itself first.
        slots[index].row.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[key.count...]).copyMemory(from: value)
        }
        slots[index].isChanging = false
    }

    mutating func removeAll() {
        slots = [Slot](repeating: Slot(), count: Self.minimumSlots)
        (count, bytes, hand) = (0, 0, 0)
    }

    mutating func removeAll(in range: KeyRange) {
        if range == .all { return removeAll() }
        for index in slots.indices {
            // Removing may move another row here.
            while slots[index].keyCount > 0, slots[index].isKey(in: range) { remove(at: index) }
        }
    }

    // MARK: Slots

    private var mask: Int { slots.count - 1 }

    private func home(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & mask }

    @inline(__always)
    private func index(_ hash: UInt64, _ key: UnsafeRawBufferPointer) -> Int? {
        var index = home(hash)
        while slots[index].keyCount > 0 {
            if slots[index].holds(key, hash) { return index }
            index = (index + 1) & mask
        }
        return nil
    }

    private mutating func place(_ slot: Slot) {
        var index = home(slot.hash)
        while slots[index].keyCount > 0 { index = (index + 1) & mask }
        slots[index] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: old.count * 2)
        for slot in old where slot.keyCount > 0 { place(slot) }
        hand = 0
    }

    /// Evicts one row. There must be one.
    private mutating func evict() {
        while slots[hand].keyCount == 0 || slots[hand].isUsed {
            slots[hand].isUsed = false
            hand = (hand + 1) & mask
        }
        // The hand stays: another row may have moved there.
        remove(at: hand)
        evictions += 1
    }

    /// Frees a slot, and moves back the rows behind it that would not be found across the hole.
    private mutating func remove(at index: Int) {
        bytes -= slots[index].row.count + Self.overhead
        count -= 1
        slots[index] = Slot()
        var hole = index
        var next = (index + 1) & mask
        while slots[next].keyCount > 0 {
            let distance = (next - home(slots[next].hash)) & mask
            if distance >= (next - hole) & mask {
                slots.swapAt(hole, next)
                hole = next
            }
            next = (next + 1) & mask
        }
    }
}

extension [UInt8] {
    /// Key and value in one piece of memory, as ``RowTable`` keeps them.
    init(row key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        self.init(unsafeUninitializedCapacity: key.count + value.count) { bytes, count in
            let row = UnsafeMutableRawBufferPointer(bytes)
            row.copyMemory(from: key)
            UnsafeMutableRawBufferPointer(rebasing: row[key.count...]).copyMemory(from: value)
            count = key.count + value.count
        }
    }
}
