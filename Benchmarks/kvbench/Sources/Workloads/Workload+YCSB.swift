/// The core workloads of YCSB. A to E are those of table 2 in Cooper et al., "Benchmarking Cloud Serving Systems with
/// YCSB", SoCC 2010; F came with the program. There a record has 1,000 bytes in ten fields; here it is one value of
/// the size that the user says.
extension Workload {
    /// YCSB's workload A, "update heavy": for instance the store of a site's sessions.
    public static let a = Workload(
        name: "a", summary: "Half reads, half updates, few records hot: sessions (YCSB A).",
        mix: Mix(read: 50, update: 50), keys: .zipfian)

    /// YCSB's workload B, "read heavy": for instance tags of photos, which are read more than added to.
    public static let b = Workload(
        name: "b", summary: "Reads, and an update in twenty, few records hot: tags (YCSB B).",
        mix: Mix(read: 95, update: 5), keys: .zipfian)

    /// YCSB's workload C, "read only": for instance a cache of profiles that are made elsewhere.
    public static let c = Workload(
        name: "c", summary: "Only reads, few records hot: a cache of profiles (YCSB C).",
        mix: Mix(read: 100), keys: .zipfian)

    /// YCSB's workload D, "read latest": for instance status updates, where people want the newest.
    public static let d = Workload(
        name: "d", summary: "Reads, mostly of new records, and an insert in twenty: news (YCSB D).",
        mix: Mix(read: 95, insert: 5), keys: .latest)

    /// YCSB's workload E, "short ranges": for instance conversations, of which each scan reads one. In the paper the
    /// first record of a scan is drawn by Zipf's law, and how many are scanned uniformly; that they are 100 at most
    /// is from the program's workload file.
    public static let e = Workload(
        name: "e", summary: "Scans of up to 100 records, and an insert in twenty: conversations (YCSB E).",
        mix: Mix(insert: 5, scan: 95), keys: .zipfian, scanLengths: Sizes(1...100))

    /// YCSB's workload F, "read-modify-write", which is in the program and not in the paper: for instance a database
    /// of users, whose records they read and change.
    public static let f = Workload(
        name: "f", summary: "Half reads, half reads with a change written back: user records (YCSB F).",
        mix: Mix(read: 50, modify: 50), keys: .zipfian)
}
