import Benchmark
import NIOCore
import TextAPI

/// Redis's protocol: commands found in the bytes that came, and what they ask of the store planned.
func registerRESP() {
    let commands: [(name: String, words: [String])] = [
        ("ping", ["PING"]),
        ("get", ["GET", "key:000000000001"]),
        ("set", ["SET", "key:000000000001", String(repeating: "v", count: 128)]),
        ("set-px", ["SET", "key:000000000001", "v", "PX", "1000"]),
        ("incr", ["INCR", "counter"]),
        ("mget-8", ["MGET"] + (0..<8).map { "k\($0)" }),
        ("sadd", ["SADD", "set", "a", "b"]),
        ("hset", ["HSET", "map", "field", "value"]),
    ]
    for (name, words) in commands { measureCommand("resp.\(name)", words) }

    // One that comes alone, and the same in a pipeline: what `append` costs is among it.
    for (name, count) in [("one", 1), ("pipeline-16", 16)] {
        let bytes = encode(commands[1].words, times: count)
        var steps = RESPSteps(bucket: "b")
        measure("resp.read.\(name)") {
            steps.append(bytes)
            precondition(take(&steps) { $0.plan() } == count)
        }
    }
}

/// A benchmark of a command in a pipeline of a thousand: first all are found, then all are found and planned.
private func measureCommand(_ name: String, _ words: [String]) {
    let configuration = Metric.configuration(Metric.findingBlocks, Metric.planningBlocks)
    let bytes = encode(words, times: configuration.scalingFactor.rawValue)
    let asksStore = words != ["PING"]
    let length = words.reduce(0) { $0 + $1.utf8.count }
    var steps = RESPSteps(bucket: "b")
    Benchmark(name, configuration: configuration) { benchmark in
        let count = benchmark.scaledIterations.count
        let start = Taken.now()
        steps.append(bytes)
        precondition(take(&steps, length: length) { _ in true } == count)
        let found = Taken.now()
        steps.append(bytes)
        precondition(take(&steps, length: length) { $0.plan() == asksStore } == count)
        let planned = Taken.now()
        benchmark.measurement(Metric.findingBlocks, Int(found.blocks - start.blocks))
        planned.report(since: found, as: Metric.planningBlocks, to: benchmark)
    }
}

/// Takes all commands that have come.
///
/// - Returns: How many there were before one was found wrong, or `use` said so.
private func take(
    _ steps: inout RESPSteps, length: Int? = nil, _ use: (inout RESPSteps) -> Bool
) -> Int {
    var count = 0
    while let found = try? steps.find(), found == length ?? found, use(&steps) { count += 1 }
    return count
}

private func encode(_ words: [String], times count: Int) -> ByteBuffer {
    let command = "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    return ByteBuffer(string: String(repeating: command, count: count))
}
