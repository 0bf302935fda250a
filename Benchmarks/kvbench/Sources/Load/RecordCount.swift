/// How many records there are to be asked for; grows by inserts that have ended, as in YCSB, so that nobody asks for one that is
/// still on its way. Knows besides which of them are not there, so that what a cluster holds can be told.
public final class RecordCount {
    public private(set) var count: Int
    private var next: Int
    /// Those that have ended before one with a lower number.
    private var early: Set<Int> = []
    /// A bit for each record that is not there, as far as there are any.
    private var absent: [UInt64] = []
    private var absentCount = 0

    public init(_ count: Int) {
        self.count = count
        next = count
    }

    /// Those that are there.
    public var held: Int { count - absentCount }

    /// The number of a new record.
    public func insert() -> Int {
        defer { next += 1 }
        return next
    }

    /// The insert of a record has ended, well or not.
    public func end(_ record: Int, isThere: Bool) {
        note(record, isThere: isThere)
        early.insert(record)
        while early.remove(count) != nil { count += 1 }
    }

    /// A write or a delete of a record is done. The one that is done last counts, whatever the cluster makes of two at a time.
    public func note(_ record: Int, isThere: Bool) {
        let (word, bit) = (record >> 6, UInt64(1) << UInt64(record & 63))
        if word >= absent.count {
            if isThere { return }
            absent += Array(repeating: 0, count: word + 1 - absent.count)
        }
        let wasThere = absent[word] & bit == 0
        if wasThere == isThere { return }
        absent[word] ^= bit
        absentCount += isThere ? -1 : 1
    }
}

/// Of one thread at a time: a round has it from its beginning to its end, and who began the round before and afterwards.
extension RecordCount: @unchecked Sendable {}
