import Foundation
import Glibc
import Synchronization
import Testing

@testable import Engine

/// One writer and several readers of a cached engine that takes its time: no key goes back to an older version.
@Suite struct CacheStressTests {
    private static let keys = 40
    private static let readers = 3
    private static let limit = Duration.seconds(3)

    @Test func noReadGoesBack() throws {
        let path = FileManager.default.temporaryDirectory.path + "/kvnode-cache-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let base = HookedEngine(try MemoryEngine(path: path))
        // Room for half of the rows, so that some are evicted within every moment of the others' lives.
        let rowBytes = RowTable.overhead + 1 + 40
        let cache = RowCache(maxBytes: Self.keys / 2 * rowBytes, shardCount: 2)
        let cached = CachedEngine(base, cache)
        let watch = VersionWatch(keys: Self.keys)
        base.hooks = HookedEngine.Hooks(
            afterRead: { () throws(EngineError) in Self.dawdle() },
            beforeWrite: { () throws(EngineError) in Self.dawdle() },
            afterWrite: { () throws(EngineError) in Self.dawdle() })

        let threads = try (0..<Self.readers).map { number in
            try WorkerThread(name: "stress-\(number)") {
                while !watch.isDone.load(ordering: .relaxed) { Self.read(cached, watch) }
            }
        }
        let start = ContinuousClock.now
        var version = 0
        while version < 200_000, ContinuousClock.now - start < Self.limit {
            version += 1
            try Self.write(cached, watch, version)
        }
        watch.isDone.store(true, ordering: .relaxed)
        for thread in threads { thread.join() }
        #expect(watch.violations == [])
        let statistics = try cached.statistics()
        print("cache stress: \(version) writes, \(watch.reads) reads, \(statistics)")
        for name in ["hits", "misses", "evictions"] { #expect(statistics["row_cache_\(name)"]! > 100) }
        try cached.close()
    }

    /// A few of the keys, one of them twice, which are read first, as a replica does.
    private static func write(_ engine: CachedEngine, _ watch: VersionWatch, _ version: Int) throws {
        var batch = WriteBatch()
        let keys = (0..<4).map { _ in Int.random(in: 0..<Self.keys) }
        for key in keys { _ = try engine.get(.data, [UInt8(key)]) }
        batch.put(.data, [UInt8(keys[0])], value(.max))
        for key in keys { batch.put(.data, [UInt8(key)], value(version)) }
        try engine.write(batch, durability: .buffered)
        for key in keys { watch.returned(key, version) }
    }

    /// Of 8 to 40 bytes, so that rows are replaced in place and anew.
    private static func value(_ version: Int) -> [UInt8] {
        let bytes = withUnsafeBytes(of: version) { [UInt8]($0) }
        return bytes + [UInt8](repeating: 0, count: version % 5 * 8)
    }

    private static func version(_ value: RawSpan?) -> Int {
        value?.unsafeLoadUnaligned(fromByteOffset: 0, as: Int.self) ?? 0
    }

    private static func read(_ engine: CachedEngine, _ watch: VersionWatch) {
        let key = Int.random(in: 0..<Self.keys)
        let bytes = [UInt8(key)]
        watch.check(key) { () throws(EngineError) -> Int? in
            switch Int.random(in: 0..<8) {
            case 0:
                let range = KeyRange(lower: bytes, upper: [UInt8(key + 1)])
                return try engine.scan(.data, range).rows.first.map { version($0.value.span.bytes) } ?? 0
            case 1:
                var found = 0
                try engine.multiGet(.data, [bytes]) { (_, value) throws(EngineError) in found = version(value)
                }
                return found
            case 2, 3:
                return try engine.withResidentValue(.data, bytes) { (value) throws(EngineError) in
                    version(value)
                }
            default:
                return try engine.withValue(.data, bytes) { (value) throws(EngineError) in version(value) }
            }
        }
    }

    /// Lets the other threads go on, now and then for longer.
    private static func dawdle() {
        switch Int.random(in: 0..<16) {
        case 0: usleep(50)
        case 1..<6: sched_yield()
        default: break
        }
    }
}

/// What reads may answer: nothing older than what was written, or seen, before they began.
private final class VersionWatch: Sendable {
    /// Set once the writer has ended.
    let isDone = Atomic(false)
    /// Of each key: the latest version that is known to be visible.
    private let known: Mutex<[Int]>
    private let found = Mutex<(reads: Int, violations: [String])>((0, []))

    init(keys: Int) { known = Mutex([Int](repeating: 0, count: keys)) }

    var reads: Int { found.withLock(\.reads) }
    var violations: [String] { found.withLock(\.violations) }

    func returned(_ key: Int, _ version: Int) { known.withLock { $0[key] = max($0[key], version) } }

    /// - Parameter read: Answers the version that it saw, or nil if it was not answered.
    func check(_ key: Int, _ read: () throws(EngineError) -> Int?) {
        let before = known.withLock { $0[key] }
        do throws(EngineError) {
            guard let version = try read() else { return }
            found.withLock { found in
                found.reads += 1
                if version < before || version == .max, found.violations.count < 10 {
                    found.violations.append("key \(key): version \(version) after \(before)")
                }
            }
            if version != .max { returned(key, version) }
        } catch {
            found.withLock { $0.violations.append("\(error)") }
        }
    }
}
