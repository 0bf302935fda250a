#if LevelDB
import CLevelDB
public import Engine

extension LevelEngineFactory {
    /// The library's repair: it makes a new manifest of the tables, without their damaged blocks, and tables of the logs.
    public static func rebuild(
        from path: String, to copy: String, options: EngineOptions
    ) throws(EngineError) {
        // A table of which blocks are lost is written anew and renamed: its other name keeps what it was.
        try Files.duplicate(path, to: copy) { $0.hasSuffix(".ldb") || $0.hasSuffix(".sst") }
        let own = LevelOptions(options)
        // Else it takes over what is in a block whatever the block's checksum says.
        leveldb_options_set_paranoid_checks(own.base, 1)
        var failure: UnsafeMutablePointer<CChar>?
        leveldb_repair_db(own.base, copy, &failure)
        if let error = take(failure, path) { throw error }
        try Files.synchronize(copy)
    }

    /// Refuses a directory that has data but not the file that names the manifest: the library would take it for a new
    /// one, and remove the tables.
    static func checkManifest(_ path: String) throws(EngineError) {
        guard Files.exists(path), !Files.exists(path + "/CURRENT") else { return }
        let hasData = try Files.entries(of: path).contains {
            $0.hasSuffix(".ldb") || $0.hasSuffix(".sst") || $0.hasSuffix(".log")
        }
        if hasData {
            throw EngineError(.corruption, "there is data, but the file CURRENT is gone", path: path)
        }
    }
}
#endif
