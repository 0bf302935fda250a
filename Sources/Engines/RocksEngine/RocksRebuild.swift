#if RocksDB
import CRocksDB
public import Engine

extension RocksEngineFactory {
    /// The library's repair: it makes a new manifest of the tables that it can read to their end, and tables of the logs. One
    /// damaged block costs its whole table, and a log's rows of a keyspace that has no table are lost. It refuses (`corruption`)
    /// two tables with the same sequence numbers, as a compaction that splits its output leaves them, where the library is built
    /// with its assertions, as Debian's is. So it is for files
    /// that do not open; of others, `EngineSalvage` saves more.
    public static func rebuild(
        from path: String, to copy: String, options: EngineOptions
    ) throws(EngineError) {
        try Files.duplicate(path, to: copy) { $0.hasSuffix(".sst") }
        let own = RocksOptions(options, .dropDamage)
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_repair_db(own.base, copy, &failure)
        if let error = take(failure, path) { throw error }
        try Files.synchronize(copy)
    }

    /// Refuses a directory that has data but not the file that names the manifest: the library would take it for a new
    /// one, and remove the tables.
    static func checkManifest(_ path: String) throws(EngineError) {
        guard Files.exists(path), !Files.exists(path + "/CURRENT") else { return }
        let hasData = try Files.entries(of: path).contains { $0.hasSuffix(".sst") || $0.hasSuffix(".log") }
        if hasData {
            throw EngineError(.corruption, "there is data, but the file CURRENT is gone", path: path)
        }
    }
}
#endif
