import Glibc

/// What became of each operation, and the report on all.
struct Journal {
    private struct Record {
        var begun: UInt64
        var nanoseconds: UInt64
        var port: UInt16
        var operation: Operation
        var outcome: StaticString
    }

    private var records: [Record] = []
    private var failed = 0
    private var absent = 0
    private var siblings = 0
    private var broken = 0
    /// Errors in the server's words, and how often each came. Only the first few: the rest is counted.
    private var failures: [String: Int] = [:]
    private static let maxFailures = 20

    mutating func add(_ operation: Operation, begun: UInt64, port: UInt16, _ outcome: Outcome) {
        let name: StaticString
        switch outcome {
        case .done: name = "done"
        case .absent:
            name = "absent"
            absent += 1
        case .siblings:
            name = "siblings"
            siblings += 1
        case .failed(let words):
            name = "failed"
            failed += 1
            if failures[words] != nil || failures.count < Self.maxFailures {
                failures[words, default: 0] += 1
            }
        }
        note(operation, begun, port, name)
    }

    /// The connection broke before the operation had a reply.
    mutating func addBroken(_ operation: Operation, begun: UInt64, port: UInt16) {
        broken += 1
        note(operation, begun, port, "broken")
    }

    private mutating func note(
        _ operation: Operation, _ begun: UInt64, _ port: UInt16, _ outcome: StaticString
    ) {
        records.append(
            Record(
                begun: begun, nanoseconds: Clock.now() - begun, port: port, operation: operation,
                outcome: outcome))
    }

    /// One line for each operation: when it began, how long it took, the port, what it was, and how it ended. Times are
    /// in µs, by the monotonic clock.
    func write(to path: String) throws(WireError) {
        guard let file = fopen(path, "w") else {
            throw WireError(description: "\(path): \(String(cString: strerror(errno)))")
        }
        for record in records {
            let line =
                "\(record.begun / 1000) \(record.nanoseconds / 1000) \(record.port) \(record.operation.rawValue) "
                + "\(record.outcome)\n"
            fputs(line, file)
        }
        guard fclose(file) == 0 else { throw WireError(description: "\(path) could not be written") }
    }

    /// One JSON object: what was done, in what time, at what cost to this process, and latencies in µs.
    func report(seconds: Double, reconnections: Int) -> String {
        let latencies = records.map(\.nanoseconds).sorted()
        func quantile(_ share: Double) -> UInt64 {
            latencies.isEmpty ? 0 : latencies[Int(Double(latencies.count - 1) * share)] / 1000
        }
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let cpu =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        let words = failures.map { "\"\(Self.escaped($0.key))\": \($0.value)" }.joined(separator: ", ")
        return """
            {"operations": \(latencies.count), "failed": \(failed), "absent": \(absent), "siblings": \(siblings), \
            "broken": \(broken), "reconnections": \(reconnections), "seconds": \(seconds), \
            "generator_cpu_seconds": \(cpu), "p50_us": \(quantile(0.5)), "p99_us": \(quantile(0.99)), \
            "max_us": \(quantile(1)), "failures": {\(words)}}
            """
    }

    /// As it may stand in a JSON string.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\"", "\\": result += "\\\(character)"
            case "\0"..<" ": result += " "
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
