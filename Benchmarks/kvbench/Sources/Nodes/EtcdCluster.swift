import Foundation

/// Three members of etcd on the loopback address.
public final class EtcdCluster {
    public let processes: [ServerProcess]
    public let ports: [UInt16]
    private let directory: URL

    public init(binary: String, directory: URL) throws {
        self.directory = directory
        ports = try (0..<3).map { _ in try Probe.freePort() }
        let peers = try (0..<3).map { _ in try Probe.freePort() }
        let all = peers.enumerated().map { "etcd\($0)=http://127.0.0.1:\($1)" }.joined(separator: ",")
        var processes: [ServerProcess] = []
        for (index, port) in ports.enumerated() {
            let folder = directory.appendingPathComponent("etcd\(index)")
            let (client, peer) = ("http://127.0.0.1:\(port)", "http://127.0.0.1:\(peers[index])")
            let command = [
                binary, "--name", "etcd\(index)", "--data-dir", folder.appendingPathComponent("data").path,
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", all, "--initial-cluster-state", "new", "--log-level", "error",
                "--quota-backend-bytes", "\(8 << 30)",
            ]
            processes.append(
                try ServerProcess(name: "etcd\(index)", directory: folder, command: command, diskCounter: nil)
            )
        }
        self.processes = processes
    }

    /// Starts them, and waits until each has a leader.
    public func start() throws {
        for process in processes { try process.start() }
        for (process, port) in zip(processes, ports) {
            try Probe.wait(for: process, among: processes) {
                try Probe.http("GET", "/health", host: "127.0.0.1", port: port).body.contains("\"true\"")
            }
        }
    }

    public func remove() throws {
        for process in processes { process.kill() }
        try FileManager.default.removeItem(at: directory)
    }
}
