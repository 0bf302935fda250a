import Engine
import Foundation
import Testing

#if RocksDB
import RocksEngine
#endif
#if LevelDB
import LevelEngine
#endif
#if LMDB
import LMDBEngine
#endif

/// An engine of this build, as the suite's parameter.
struct Subject: Sendable, CustomTestStringConvertible {
    let factory: any EngineFactory.Type
    /// Small buffers, so that tables are written and compacted within a short test.
    var given: [String: String] = [:]
    var persistent = true
    /// Of a row cache before the engine, if there is one: far too small for the tests' rows, so that it evicts.
    var cacheBytes: Int?

    var testDescription: String { factory.name + (cacheBytes == nil ? "" : " behind a row cache") }

    private static let alone: [Subject] = {
        var all = [Subject(factory: MemoryEngineFactory.self, persistent: false)]
        #if RocksDB
        all.append(
            Subject(
                factory: RocksEngineFactory.self,
                given: ["write_buffer_bytes": "1048576", "max_log_bytes": "4194304"]))
        #endif
        #if LevelDB
        all.append(Subject(factory: LevelEngineFactory.self, given: ["write_buffer_bytes": "1048576"]))
        #endif
        #if LMDB
        all.append(Subject(factory: LMDBEngineFactory.self))
        #endif
        return all
    }()

    /// Each engine alone, and each but LMDB, before which no node puts one, behind a row cache.
    static let all: [Subject] =
        alone
        + alone.filter { $0.factory.name != "lmdb" }.map {
            var subject = $0
            subject.cacheBytes = 128 << 10
            return subject
        }

    static let persistent = all.filter(\.persistent)
    /// For what is a matter of an engine's files, whatever stands before it.
    static let files = alone.filter(\.persistent)

    func open(_ path: String) throws -> any StorageEngine {
        let engine = try factory.open(at: path, options: EngineOptions(factory.options, given: given))
        return if let cacheBytes { CachedEngine(engine, maxBytes: cacheBytes) } else { engine }
    }

    /// Runs `body` with an open engine in a fresh directory, and closes it.
    func withEngine(_ body: (any StorageEngine) throws -> Void) throws {
        try withScratch { path in
            let engine = try open(path + "/engine")
            do { try body(engine) } catch {
                try? engine.close()
                throw error
            }
            try engine.close()
        }
    }
}

/// Runs `body` with a fresh directory, removed afterwards. Memory-backed where there is one: the suite commits often,
/// and the death of a process is the same there.
func withScratch<R>(_ body: (String) throws -> R) throws -> R {
    let path = try makeScratch()
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

func withScratch<R>(_ body: (String) async throws -> R) async throws -> R {
    let path = try makeScratch()
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

private func makeScratch() throws -> String {
    let manager = FileManager.default
    let root = manager.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    let path = root + "/kvnode-engine-" + UUID().uuidString
    try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

/// The error that `body` throws, if it throws one of an engine.
func engineError(_ body: () throws -> Void) -> EngineError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? EngineError)?.code
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Another at each run, unless KVNODE_SEED names it. Printed, so that a failure can be replayed.
    static func seeded(_ what: String) -> SeededGenerator {
        let given = ProcessInfo.processInfo.environment["KVNODE_SEED"].flatMap(UInt64.init)
        let seed = given ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("\(what): KVNODE_SEED=\(seed)")
        return SeededGenerator(seed)
    }
}
