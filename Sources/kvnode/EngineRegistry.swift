import Engine

#if RocksDB
import RocksEngine
#endif
#if LevelDB
import LevelEngine
#endif
#if LMDB
import LMDBEngine
#endif

/// The engines of this build, by the name that `engine.type` gives them.
///
/// A new engine is one line in `all`, and one in `traits` if a trait gates it.
enum EngineRegistry {
    /// In the order in which help shows them; the first is the default.
    static let all: [any EngineFactory.Type] = {
        var engines: [any EngineFactory.Type] = []
        #if RocksDB
        engines.append(RocksEngineFactory.self)
        #endif
        #if LevelDB
        engines.append(LevelEngineFactory.self)
        #endif
        #if LMDB
        engines.append(LMDBEngineFactory.self)
        #endif
        engines.append(MemoryEngineFactory.self)
        return engines
    }()

    static let names = all.map { $0.name }

    /// The package traits without which a build lacks an engine.
    static let traits = ["rocksdb": "RocksDB", "leveldb": "LevelDB", "lmdb": "LMDB"]

    /// Why `name` is none of `names`, the engines that there are.
    static func explainAbsence(of name: String, among names: [String]) -> String {
        let present = "it has: " + names.joined(separator: ", ")
        if let trait = traits[name] {
            return "this build of kvnode lacks that engine (package trait \(trait)); \(present)"
        }
        return "this build of kvnode has no such engine; \(present)"
            + NearestName.hint(for: name, among: names)
    }
}
