import Foundation
import Glibc

/// A process under test, with a directory of its own that it keeps over restarts.
public final class ServerProcess {
    public let name: String
    public let directory: URL
    private let command: [String]
    private var environment: [String: String]
    private var process: Process?
    /// Of processes that have ended under this name, in seconds.
    private var cpuBefore = 0.0

    /// - Parameters:
    ///   - command: Its words; the first is a path.
    ///   - diskCounter: A library that counts what it writes to files (`DiskCounter`), nil for none.
    ///   - environment: Variables that it gets besides this process's.
    public init(
        name: String, directory: URL, command: [String], diskCounter: String?,
        environment added: [String: String] = [:]
    ) throws {
        self.name = name
        self.directory = directory
        self.command = command
        // What would configure a server behind our back stays out.
        environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("KVNODE_") && !$0.key.hasPrefix("ETCD_")
        }
        environment.merge(added) { _, added in added }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        if let diskCounter {
            environment["LD_PRELOAD"] = diskCounter
            environment["KVBENCH_DISK"] = countsPath
        }
    }

    public var isRunning: Bool { process?.isRunning ?? false }

    /// Of the process that was started last and has ended by itself; nil of others.
    var exitStatus: Int32? { process.flatMap { $0.isRunning ? nil : $0.terminationStatus } }

    private var logPath: String { directory.appendingPathComponent("log").path }

    private var countsPath: String { directory.appendingPathComponent("disk-counts").path }

    /// The end of what it has written.
    public var log: String {
        String(((try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "").suffix(2_000))
    }

    /// Begins the process; it dies with this one, however that ends.
    public func start() throws { try start(input: FileHandle.nullDevice, output: nil) }

    /// The same for one that takes orders on its standard input and answers on its output.
    public func startConversation() throws -> Conversation {
        let (conversation, descriptor) = try Conversation.begin()
        let other = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try start(input: other, output: other)
        // As long as this process had it too, the end of the other one would not show.
        try other.close()
        return conversation
    }

    /// - Parameter output: Nil for its log.
    private func start(input: FileHandle, output: FileHandle?) throws {
        precondition(!isRunning, "\(name) runs already")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments = ["--pdeathsig", "KILL", "--"] + command
        process.environment = environment
        let file = open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw Probe.Failure(description: "\(logPath): \(String(cString: strerror(errno)))")
        }
        let log = FileHandle(fileDescriptor: file)
        process.standardInput = input
        process.standardOutput = output ?? log
        process.standardError = log
        try process.run()
        try log.close()
        self.process = process
    }

    /// kill -9, and waits for the end.
    public func kill() { end(SIGKILL) }

    /// SIGTERM, and waits for the end, half a minute at most.
    public func terminate() {
        guard let process, process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGTERM)
        let end = Date(timeIntervalSinceNow: 30)
        while process.isRunning, Date() < end { usleep(10_000) }
        self.end(SIGKILL)
    }

    private func end(_ signal: Int32) {
        guard let process else { return }
        cpuBefore = cpuSeconds
        if process.isRunning { Glibc.kill(process.processIdentifier, signal) }
        process.waitUntilExit()
        self.process = nil
    }

    // MARK: What it costs

    private var pid: Int32? { process.map(\.processIdentifier) }

    /// User and system time since the first start, ended processes and threads included.
    public var cpuSeconds: Double {
        var clock = clockid_t()
        var time = timespec()
        guard let pid, clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else {
            return cpuBefore
        }
        return cpuBefore + Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// What is resident now.
    public var memoryBytes: Int { 1024 * (field("VmRSS:", in: "status") ?? 0) }

    /// Calls that waited for a disk, and bytes that were written to files, since the first start; nil if nobody counts them.
    public var diskCounts: (syncs: Int, bytes: Int)? {
        guard environment["KVBENCH_DISK"] != nil,
            let counts = FileManager.default.contents(atPath: countsPath),
            counts.count == 16
        else { return nil }
        return counts.withUnsafeBytes {
            (
                Int($0.loadUnaligned(as: UInt64.self)),
                Int($0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    private func field(_ name: String, in file: String) -> Int? {
        guard let pid, let text = try? String(contentsOfFile: "/proc/\(pid)/\(file)", encoding: .utf8) else {
            return nil
        }
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            return line.dropFirst(name.count).split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
        }
        return nil
    }

    /// Blocks of the disk that its directory takes.
    public var diskBytesUsed: Int { Disk.bytesUsed(directory) }
}
