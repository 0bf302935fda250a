import Glibc

/// Keeps one operation in flight on each connection for a time, then waits for the last replies.
struct Load {
    private let arguments: Arguments
    private var connections: [Connection] = []
    private let value: [UInt8]
    private var generator = SystemRandomNumberGenerator()
    private var issued = 0
    private var failed = 0
    private var latencies: [UInt64] = []

    init(_ arguments: Arguments) throws(WireError) {
        self.arguments = arguments
        value = (0..<arguments.valueSize).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        for index in 0..<arguments.connections {
            let port = arguments.ports[index % arguments.ports.count]
            let connection = try Connection(
                port: port, wire: arguments.isSession ? SessionWire() : HTTPWire())
            connections.append(connection)
        }
    }

    /// One JSON object: what was done, in what time, at what cost to this process, and latencies in µs.
    mutating func run() throws(WireError) -> String {
        let begun = Self.now()
        let end = begun + UInt64(arguments.seconds * 1e9)
        for index in connections.indices { try begin(index) }
        var events = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        // After the end, replies have 10 seconds.
        while Self.now() < end + 10_000_000_000 {
            poll(&events, nfds_t(events.count), 100)
            for index in events.indices {
                if events[index].revents != 0, let succeeded = try connections[index].receive() {
                    latencies.append(Self.now() - connections[index].begun)
                    if !succeeded { failed += 1 }
                }
                if !connections[index].isBusy, Self.now() < end { try begin(index) }
            }
            if Self.now() >= end, !connections.contains(where: \.isBusy) { return report(Self.now() - begun) }
        }
        throw WireError(description: "some operations have no reply")
    }

    private mutating func begin(_ index: Int) throws(WireError) {
        let number =
            arguments.operation == .put
            ? arguments.first + issued : Int.random(in: 0..<arguments.first, using: &generator)
        if try connections[index].begin(
            arguments.operation, key: Self.key(number), value: value, now: Self.now())
        {
            issued += 1
        }
    }

    /// 16 bytes.
    private static func key(_ number: Int) -> [UInt8] {
        let digits = Array(String(number).utf8)
        return [UInt8(ascii: "k")] + [UInt8](repeating: UInt8(ascii: "0"), count: 15 - digits.count) + digits
    }

    private mutating func report(_ nanoseconds: UInt64) -> String {
        latencies.sort()
        func quantile(_ share: Double) -> UInt64 {
            latencies[Int(Double(latencies.count - 1) * share)] / 1000
        }
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let cpu =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        return """
            {"operations": \(latencies.count), "failed": \(failed), "seconds": \(Double(nanoseconds) / 1e9), \
            "generator_cpu_seconds": \(cpu), "p50_us": \(quantile(0.5)), "p99_us": \(quantile(0.99))}
            """
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
