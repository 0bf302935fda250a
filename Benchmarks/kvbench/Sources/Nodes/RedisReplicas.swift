import Foundation

/// A redis-server with two replicas, as Redis keeps three copies: what is written is appended to a file that is flushed every second.
public final class RedisReplicas {
    public let processes: [ServerProcess]
    /// Of the master.
    public let port: UInt16
    private let ports: [UInt16]
    private let directory: URL

    /// - Parameter binary: redis-server.
    public init(binary: String, directory: URL) throws {
        self.directory = directory
        ports = try (0..<3).map { _ in try Probe.freePort() }
        port = ports[0]
        var processes: [ServerProcess] = []
        for (index, port) in ports.enumerated() {
            let folder = directory.appendingPathComponent("redis\(index)")
            var command = [
                binary, "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", "",
                "--appendonly", "yes", "--appendfsync", "everysec",
            ]
            if index > 0 { command += ["--replicaof", "127.0.0.1", "\(ports[0])"] }
            processes.append(
                try ServerProcess(
                    name: "redis\(index)", directory: folder, command: command, diskCounter: nil))
        }
        self.processes = processes
    }

    /// Starts them, and waits until both replicas follow.
    public func start() throws {
        for process in processes { try process.start() }
        try Probe.wait(for: processes[0], among: processes) {
            try Probe.line("WAIT 2 1000\r\n", host: "127.0.0.1", port: port) == ":2"
        }
    }

    public func remove() throws {
        for process in processes { process.kill() }
        try FileManager.default.removeItem(at: directory)
    }
}
