import API
import AllocationCounter
import Foundation
import NIOCore

// Counts the blocks of the heap that a command costs on its way from the socket's bytes to what is asked of the store, and fails
// where that is more than it may be. Only an optimized build says anything: `make allocations`.

/// A command, and what planning it may cost: its key, its value, and what holds them. Finding it may cost nothing.
let commands: [(words: [String], limit: Double)] = [
    (["PING"], 0),
    (["GET", "key:000000000001"], 2),
    (["SET", "key:000000000001", String(repeating: "v", count: 128)], 3),
    (["SET", "key:000000000001", "v", "PX", "1000"], 4),
    (["INCR", "counter"], 1),
    (["MGET", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"], 9),
    (["SADD", "set", "a", "b"], 4),
    (["HSET", "map", "field", "value"], 4),
]
let pipelined = 1_000

/// Blocks for each command of a pipeline; what the pipeline costs as a whole is among it.
func blocks(_ words: [String], _ use: (RESPParser) -> Void) throws -> Double {
    let command = "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    let bytes = ByteBuffer(string: String(repeating: command, count: pipelined))
    var parser = RESPParser()
    var count: UInt64 = 0
    // The first round warms up what is made once.
    for _ in 0..<2 {
        parser.append(bytes)
        let before = allocations_of_this_thread()
        var found = 0
        while try parser.next() {
            use(parser)
            found += 1
        }
        count = allocations_of_this_thread() - before
        precondition(found == pipelined, "not all commands were found")
    }
    return Double(count) / Double(pipelined)
}

/// For pipelines as a whole.
let tolerance = 0.05
var isTooMuch = false
print("command                  finding  planning  limit")
for (words, limit) in commands {
    let finding = try blocks(words) { parser in
        for index in 0..<parser.count { precondition(!parser.argument(index).isEmpty) }
    }
    var session = RESPSession(id: 1, bucket: "b", wallMillis: { 0 })
    let planning = try blocks(words) { parser in _ = session.plan(parser) }
    let fails = finding > tolerance || planning > limit + tolerance
    isTooMuch = isTooMuch || fails
    let name = words.joined(separator: " ").prefix(24).padding(toLength: 24, withPad: " ", startingAt: 0)
    print(name, String(format: "%7.2f %9.2f %6.0f", finding, planning, limit), fails ? " too much" : "")
}
exit(isTooMuch ? 1 : 0)
