import Glibc
import Instruments

/// What the system tells of the process, under the names that Prometheus's clients share.
public enum ProcessStatistics {
    static let cpu = MetricDefinition(
        "process_cpu_seconds", .counter, unit: .seconds, "Processor time of the process, user and system.")
    static let residentMemory = MetricDefinition(
        "process_resident_memory_bytes", .gauge, unit: .bytes, "Memory of the process that is resident.")
    static let virtualMemory = MetricDefinition(
        "process_virtual_memory_bytes", .gauge, unit: .bytes,
        "Addresses of the process; LMDB maps as many as its file may grow to.")
    static let openFiles = MetricDefinition(
        "process_open_fds", .gauge, "Open files of the process, connections included.")
    static let maxFiles = MetricDefinition(
        "process_max_fds", .gauge, "Files that the process may have open.")
    static let startTime = MetricDefinition(
        "process_start_time_seconds", .gauge, unit: .seconds,
        "When the process started, in seconds since 1970.")
    static let threads = MetricDefinition("process_threads", .gauge, "Threads of the process.")

    public static let definitions = [
        cpu, residentMemory, virtualMemory, openFiles, maxFiles, startTime, threads,
    ]

    /// To be asked at each reading; takes some ten microseconds. What the system does not tell is left out.
    public static func collect(into reading: inout MetricReading) {
        if let status = Self.status(
            stat: Self.text(of: "/proc/self/stat"), ticks: sysconf(Int32(_SC_CLK_TCK)))
        {
            reading.add(cpu, status.cpuSeconds)
            reading.add(virtualMemory, status.virtualBytes)
            reading.add(residentMemory, status.residentPages * sysconf(Int32(_SC_PAGESIZE)))
            reading.add(threads, status.threads)
            if let boot = bootSeconds(Self.text(of: "/proc/stat")) {
                reading.add(startTime, Double(boot) + status.startSeconds)
            }
        }
        if let count = openFileCount { reading.add(openFiles, count) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            reading.add(maxFiles, Double(limit.rlim_cur))
        }
    }

    struct Status: Equatable {
        var cpuSeconds: Double
        var threads: Int
        /// Since the machine started.
        var startSeconds: Double
        var virtualBytes: Int
        var residentPages: Int
    }

    /// - Parameters:
    ///   - stat: As proc(5) has it. The name of the program, in parentheses, may hold spaces and parentheses of its own.
    ///   - ticks: A second's.
    static func status(stat: String, ticks: Int) -> Status? {
        guard let end = stat.lastIndex(of: ")"), ticks > 0 else { return nil }
        // The first is proc(5)'s third.
        let fields = stat[stat.index(after: end)...].split(separator: " ").map { Int($0) }
        guard fields.count > 21, let user = fields[11], let system = fields[12], let threads = fields[17],
            let start = fields[19], let virtual = fields[20], let resident = fields[21]
        else { return nil }
        return Status(
            cpuSeconds: Double(user + system) / Double(ticks), threads: threads,
            startSeconds: Double(start) / Double(ticks), virtualBytes: virtual, residentPages: resident)
    }

    /// When the machine started, in seconds since 1970.
    static func bootSeconds(_ text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            return Int(line.dropFirst("btime ".count))
        }
        return nil
    }

    private static var openFileCount: Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Itself, its parent, and the folder that is open for this.
        return count - 3
    }

    /// Empty if it cannot be read: a system without proc(5).
    private static func text(of path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(file, &part, part.count)
            guard count > 0 else { break }
            text += part[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
