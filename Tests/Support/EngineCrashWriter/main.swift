// What the contract suite runs in a process of its own, since it may die of it:
//
//   write ENGINE PATH DURABILITY START   writes rows from number START on; prints each number once it is acknowledged
//   fill ENGINE PATH LIMIT               writes rows, synced, with files limited to LIMIT bytes, until a write fails;
//                                        prints `ROWS CODE`
//   verify ENGINE PATH ROWS              reads rows 0..<ROWS, then changes some; prints `intact`, `altered`, `missing`, or the error's code
//   open ENGINE PATH                     prints `opened`, or the error's code
//   salvage ENGINE PATH                  reads what can be read, of files that do not open once they are put together in
//                                        PATH-rebuilt; prints `ROWS ALTERED GAPS CODE`, the code being `opened` or why
//                                        they do not

import Engine
import Glibc

#if RocksDB
import RocksEngine
#endif
#if LevelDB
import LevelEngine
#endif
#if LMDB
import LMDBEngine
#endif

func factory(_ name: String) throws(EngineError) -> (any EngineFactory.Type, EngineOptions) {
    var factories: [any EngineFactory.Type] = [MemoryEngineFactory.self]
    #if RocksDB
    factories.append(RocksEngineFactory.self)
    #endif
    #if LevelDB
    factories.append(LevelEngineFactory.self)
    #endif
    #if LMDB
    factories.append(LMDBEngineFactory.self)
    #endif
    for factory in factories where factory.name == name {
        // Small buffers, so that tables are written and compacted within a short test.
        let isTree = name == "rocksdb" || name == "leveldb"
        let given = isTree ? ["write_buffer_bytes": "1048576"] : [:]
        return (factory, try EngineOptions(factory.options, given: given))
    }
    throw EngineError(.invalidArgument, "no engine \(name)")
}

func open(_ name: String, at path: String) throws(EngineError) -> any StorageEngine {
    let (factory, options) = try factory(name)
    return try factory.open(at: path, options: options)
}

func salvage(_ name: String, at path: String) throws -> String {
    var state = "opened"
    let engine: any StorageEngine
    do throws(EngineError) {
        engine = try open(name, at: path)
    } catch {
        guard error.isDamage else { throw error }
        state = error.code.rawValue
        let (factory, options) = try factory(name)
        try factory.rebuild(from: path, to: path + "-rebuilt", options: options)
        engine = try factory.open(at: path + "-rebuilt", options: options)
    }
    let salvage = EngineSalvage(
        from: engine, accepts: { _, key, value in Row.number(key).map { Row.value($0) == value } ?? false })
    let outcomes = try salvage.run(into: nil)
    try engine.close()
    let (rows, altered, gaps) = outcomes.reduce((0, 0, 0)) {
        ($0.0 + $1.kept.rows, $0.1 + $1.refusedRows, $0.2 + $1.gaps)
    }
    return "\(rows) \(altered) \(gaps) \(state)"
}

/// Closes the engine whatever comes of `body`: LeakSanitizer, under which these processes run as well, counts one that is left open.
func withEngine<Result>(
    _ name: String, at path: String, _ body: (any StorageEngine) throws(EngineError) -> Result
) throws(EngineError) -> Result {
    let engine = try open(name, at: path)
    let result: Result
    do throws(EngineError) {
        result = try body(engine)
    } catch let failure {
        do throws(EngineError) { try engine.close() } catch { say("cannot be closed: \(error)") }
        throw failure
    }
    try engine.close()
    return result
}

/// Says it at once: the process may be killed at any moment.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    precondition(write(1, bytes, bytes.count) == bytes.count, "the parent does not listen")
}

func writeForever(_ engine: any StorageEngine, _ durability: Durability, from start: Int) throws(EngineError)
{
    var number = start
    while true {
        // Batches of one to five rows.
        var batch = WriteBatch()
        let first = number
        for _ in 0...(number % 5) {
            batch.put(.data, Row.key(number), Row.value(number))
            number += 1
        }
        try engine.write(batch, durability: durability)
        say((first..<number).map(String.init).joined(separator: "\n"))
    }
}

func fill(_ engine: any StorageEngine, limit: rlim_t) {
    // Without this the system ends the process instead of failing the write.
    signal(SIGXFSZ, SIG_IGN)
    var limits = rlimit(rlim_cur: limit, rlim_max: limit)
    precondition(setrlimit(__rlimit_resource_t(1), &limits) == 0, "cannot limit the files' size")
    var rows = 0
    do throws(EngineError) {
        while true {
            var batch = WriteBatch()
            batch.put(.data, Row.key(rows), Row.value(rows))
            try engine.write(batch, durability: .synced)
            rows += 1
        }
    } catch {
        say("\(rows) \(error.code.rawValue)")
    }
}

func verify(_ engine: any StorageEngine, rows: Int) throws(EngineError) -> String {
    var found = 0
    var altered = 0
    _ = try engine.scan(.data, .all, reverse: false, limit: ScanLimit()) { (key, value) throws(EngineError) in
        let number = Row.number([UInt8](copying: key))
        if number == nil || [UInt8](copying: value) != Row.value(number!) { altered += 1 }
        found += 1
        return .next
    }
    for number in 0..<rows where try engine.get(.data, Row.key(number)) != Row.value(number) { altered += 1 }
    // Changes use the parts that reads do not, such as lists of free space.
    for number in 0..<rows where number % 3 == 0 {
        var batch = WriteBatch()
        batch.delete(.data, Row.key(number))
        batch.put(.hints, Row.key(number), Row.value(number + 1))
        try engine.write(batch, durability: .buffered)
    }
    try engine.sync()
    return found != rows ? "missing" : altered > 0 ? "altered" : "intact"
}

let arguments = CommandLine.arguments
precondition(arguments.count >= 4, "usage: see main.swift")
let (command, name, path) = (arguments[1], arguments[2], arguments[3])
do {
    switch command {
    case "salvage": say(try salvage(name, at: path))
    case "write":
        let durability: Durability = arguments[4] == "synced" ? .synced : .buffered
        let start = Int(arguments[5])!
        try withEngine(name, at: path) { engine throws(EngineError) in
            try writeForever(engine, durability, from: start)
        }
    case "fill":
        let limit = rlim_t(arguments[4])!
        try withEngine(name, at: path) { fill($0, limit: limit) }
    case "verify":
        let rows = Int(arguments[4])!
        say(try withEngine(name, at: path) { engine throws(EngineError) in try verify(engine, rows: rows) })
    case "open": try withEngine(name, at: path) { _ in say("opened") }
    default: preconditionFailure("no command \(command)")
    }
} catch let error as EngineError {
    say(error.code.rawValue)
}
