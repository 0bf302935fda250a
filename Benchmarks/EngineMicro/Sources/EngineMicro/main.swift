// CPU time of each engine through Swift's StorageEngine against the same loop in C against its library: puts of 128-byte
// values, 100 a batch, and gets of them. Rounds of the two alternate, each put round on a fresh database, so that what
// else the machine does meets both; the figure is the median of the rounds' ratios.
//
//   swift run -c release EngineMicro [--check] [--keys N] [--rounds N]
//
// With --check the exit code is 1 if a ratio is above its limit: 1.15 for puts, 1.25 for gets.

import CLoops
import Engine
import Glibc
import LMDBEngine
import LevelEngine
import RocksEngine

struct Settings {
    var checks = false
    var keys = 200_000
    var rounds = 7

    init(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let argument = rest.popFirst() {
            switch argument {
            case "--check": checks = true
            case "--keys": keys = Int(rest.popFirst() ?? "").map { $0 / 100 * 100 } ?? keys
            case "--rounds": rounds = Int(rest.popFirst() ?? "") ?? rounds
            default:
                print("unknown argument \(argument)")
                exit(2)
            }
        }
    }
}

/// CPU seconds of this process, background threads of the library included.
func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

func measured(_ body: () throws -> Void) rethrows -> Double {
    let start = cpuSeconds()
    try body()
    return cpuSeconds() - start
}

/// Big enough that nothing is flushed or compacted within a round: that is the library's work, alike in both.
let bufferBytes = 256 << 20
let cacheBytes = 128 << 20

struct Workload {
    let keys: [[UInt8]]
    /// The same keys for C, each in memory of its own, too.
    let pointers: [UnsafePointer<UInt8>?]
    let order: [UInt32]
    let value = [UInt8](repeating: 7, count: 128)

    init(count: Int) {
        var generator = SystemRandomNumberGenerator()
        keys = (0..<count).map { _ in
            (0..<Int(key_size)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        pointers = keys.map { key in
            let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: key.count)
            copy.initialize(from: key, count: key.count)
            return UnsafePointer(copy)
        }
        order = (0..<count).map { _ in UInt32.random(in: 0..<UInt32(count), using: &generator) }
    }
}

struct Times {
    var put: Double
    var get: Double
}

func runC(_ loop: c_loop, _ path: String, _ work: Workload) -> Times {
    let database = loop.open(path, cacheBytes, bufferBytes)
    defer { loop.close(database) }
    let count = work.keys.count
    let put = measured { loop.put(database, work.pointers, 0, count, work.value, work.value.count) }
    let get = measured {
        precondition(loop.get(database, work.pointers, work.order, count) == UInt64(7 * count))
    }
    return Times(put: put, get: get)
}

func runSwift(_ factory: any EngineFactory.Type, _ path: String, _ work: Workload) throws -> Times {
    var given: [String: String] = [:]
    if factory.name != "lmdb" {
        given = ["write_buffer_bytes": "\(bufferBytes)", "block_cache_bytes": "\(cacheBytes)"]
    }
    let engine = try factory.open(at: path, options: EngineOptions(factory.options, given: given))
    defer { try? engine.close() }
    let put = try measured {
        var batch = WriteBatch()
        for first in stride(from: 0, to: work.keys.count, by: Int(batch_size)) {
            batch.removeAll(keepingCapacity: true)
            for index in first..<first + Int(batch_size) { batch.put(.data, work.keys[index], work.value) }
            try engine.write(batch, durability: .buffered)
        }
    }
    let get = try measured {
        var sum = 0
        for index in work.order {
            try engine.withValue(.data, work.keys[Int(index)]) { (span) throws(EngineError) in
                if let span { sum += Int(span.unsafeLoad(as: UInt8.self)) }
            }
        }
        precondition(sum == 7 * work.keys.count)
    }
    return Times(put: put, get: get)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func text(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }

let settings = Settings(CommandLine.arguments.dropFirst())
let work = Workload(count: settings.keys)
let root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
var isSlow = false

/// Removes a database's directory, which holds only files.
func remove(_ path: String) {
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
        withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                _ = unlink(path + "/" + String(cString: $0))
            }
        }
    }
    closedir(directory)
    rmdir(path)
}

/// Prints one comparison; false if it is above its limit.
func report(_ name: String, _ what: String, _ c: [Double], _ swift: [Double], limit: Double) -> Bool {
    let ratios = zip(swift, c).map { $0 / $1 }
    let perKey = { (times: [Double]) in text(median(times) / Double(settings.keys) * 1e6) }
    let ratio = median(ratios)
    print(
        "\(name) \(what): C \(perKey(c)) µs, Swift \(perKey(swift)) µs, ratio \(text(ratio))"
            + " (\(text(ratios.min()!))...\(text(ratios.max()!))), limit \(limit)")
    return ratio <= limit
}

let engines: [(c_loop, any EngineFactory.Type)] = [
    (rocks_loop, RocksEngineFactory.self), (level_loop, LevelEngineFactory.self),
    (lmdb_loop, LMDBEngineFactory.self),
]
for (loop, factory) in engines {
    var c: [Times] = []
    var swift: [Times] = []
    for round in 0..<settings.rounds {
        let path = "\(root)/kvnode-micro-\(getpid())-\(round)"
        func inC() {
            c.append(runC(loop, path, work))
            remove(path)
        }
        func inSwift() throws {
            swift.append(try runSwift(factory, path, work))
            remove(path)
        }
        // Who comes first alternates.
        if round % 2 == 0 {
            inC()
            try inSwift()
        } else {
            try inSwift()
            inC()
        }
    }
    let areFastPuts = report(factory.name, "puts, 100 a batch", c.map(\.put), swift.map(\.put), limit: 1.15)
    let areFastGets = report(factory.name, "gets", c.map(\.get), swift.map(\.get), limit: 1.25)
    if !areFastPuts || !areFastGets { isSlow = true }
}
exit(settings.checks && isSlow ? 1 : 0)
