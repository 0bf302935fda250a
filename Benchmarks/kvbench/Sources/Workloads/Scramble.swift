/// Spreads Zipf's ranks over the records, so that those asked for most do not lie side by side.
///
/// As in YCSB (Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010, section 5), a rank is hashed
/// by FNV-1a of 64 bits. Several ranks may meet at one record, and some records get none.
struct Scramble: Sendable {
    /// The numbers that records may have.
    private let space: UInt64

    /// - Parameter records: How many there are at the beginning.
    init(records: Int) {
        space = 2 * UInt64(records)
    }

    /// The record of `rank` when there are `recordCount` of them, at least one.
    ///
    /// The hash modulo the number of records would give nearly all ranks another record after each insert. So YCSB
    /// hashes over the numbers that are expected in the end, and draws again what is not inserted yet; then it may be
    /// the hottest ranks that aren't there. Here the hash is hashed again until it meets a record: each rank has one
    /// at any time, and an insert changes only those that move to the new record. There is room for as many inserts
    /// as there were records; what is inserted after that is not drawn.
    func record(ofRank rank: Int, recordCount: Int) -> Int {
        var hash = Self.hash(UInt64(rank))
        while hash % space >= UInt64(recordCount) { hash = Self.hash(hash) }
        return Int(hash % space)
    }

    /// FNV-1a of the eight bytes of `number`, the lowest first (Fowler, Noll and Vo).
    static func hash(_ number: UInt64) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var rest = number
        for _ in 0..<8 {
            hash = (hash ^ rest & 0xFF) &* 0x100_0000_01B3
            rest &>>= 8
        }
        return hash
    }
}
