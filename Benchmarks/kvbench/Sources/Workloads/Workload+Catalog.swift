/// What YCSB does not ask for, and the list of all.
extension Workload {
    /// All workloads: those of YCSB first.
    public static let all: [Workload] = [
        a, b, c, d, e, f, load, writeHeavy, large, deleteHeavy, conflict, list, steady,
    ]

    /// The workload of this name, if there is one.
    public static func named(_ name: String) -> Workload? { all.first { $0.name == name } }

    /// Fills an empty store, in the order of the keys: YCSB's load phase.
    public static let load = Workload(
        name: "load", summary: "Inserts into an empty store: a bulk load.",
        mix: Mix(insert: 100), keys: .uniform, startsEmpty: true)

    /// The same with the values of another workload, whose records are to be there.
    public static func loading(_ workload: Workload) -> Workload {
        Workload(
            name: load.name, summary: load.summary, mix: load.mix, keys: load.keys,
            valueSizes: workload.valueSizes, startsEmpty: true)
    }

    /// Writes all over the key space: the most compaction, or the most pages written.
    public static let writeHeavy = Workload(
        name: "write-heavy", summary: "Updates of 1 KiB all over, and a read in twenty: a log of devices.",
        mix: Mix(read: 5, update: 95), keys: .uniform, valueSize: 1_024)

    /// Large values: bytes count, not operations.
    public static let large = Workload(
        name: "large", summary: "Half reads, half updates of 64-KiB values: documents.",
        mix: Mix(read: 50, update: 50), keys: .uniform, valueSize: 65_536)

    /// As many records deleted as inserted: tombstones are written, read and reaped. A delete or a read may meet a
    /// record that is gone; after many times the first records, about half of all that were ever inserted are there.
    public static let deleteHeavy = Workload(
        name: "delete-heavy", summary: "Inserts and as many deletes, and a read in five: a queue of jobs.",
        mix: Mix(read: 20, insert: 40, delete: 40), keys: .uniform)

    /// Many clients write the same few records without having read them, and all that they write is kept. So siblings
    /// arise; each reader that meets them merges them, by a write with the context of its read.
    public static let conflict = Workload(
        name: "conflict",
        summary: "Blind updates of 16 records that keep siblings, and reads that merge them.",
        mix: Mix(read: 50, update: 50), keys: .first(16), keepsSiblings: true)

    /// Listings, a page each, of the length that kvnode has where a request names none.
    public static let list = Workload(
        name: "list", summary: "Listings of 100 records from anywhere: pages of an overview.",
        mix: Mix(scan: 100), keys: .uniform, scanLengths: Sizes(100...100))

    /// The same load everywhere and all the time, so that what happens in the middle of it stands out.
    public static let steady = Workload(
        name: "steady", summary: "Half reads, half updates all over: the ground for an event in the middle.",
        mix: Mix(read: 50, update: 50), keys: .uniform)
}
