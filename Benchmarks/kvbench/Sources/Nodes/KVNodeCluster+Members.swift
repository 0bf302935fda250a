import Foundation

/// A node that comes in the middle, and is taken out again.
extension KVNodeCluster {
    /// For a change of the members, which copies data.
    private static let longestChange = 600

    /// Starts one more node, which waits until it is told to join.
    public func startNewcomer() throws {
        precondition(newcomer == nil, "one at a time")
        let node = try makeNode()
        try configure(node, joins: true)
        try node.process.start()
        newcomer = node
        try Probe.wait(for: node.process, among: processes) {
            try Probe.http("GET", "/healthz", host: "127.0.0.1", port: node.httpPort).status == 200
        }
    }

    /// Has the newcomer join. It is a member with all that is its part when the command that is returned is done.
    public func join() throws -> RunningCommand {
        let node = newcomer!
        try operate("join", "\(node.process.name)@127.0.0.1:\(node.peerPort)").wait()
        return try commit()
    }

    /// Has the newcomer give back what it has, ends it, and removes its files.
    public func removeNewcomer() throws {
        guard let node = newcomer else { return }
        try operate("leave", node.process.name).wait()
        try commit().wait()
        node.process.terminate()
        try FileManager.default.removeItem(at: node.process.directory)
        newcomer = nil
    }

    /// Until no node copies what it lacks: from what was done to the cluster, all have recovered.
    public func waitUntilFilled() throws {
        let deadline = Date(timeIntervalSinceNow: Double(Self.longestChange))
        for node in nodes {
            while try status(of: node)["filling"] != nil {
                try Interruption.check()
                guard Date() < deadline else {
                    throw Probe.Failure(
                        description:
                            "\(node.process.name) still copies what it lacks after \(Self.longestChange) s")
                }
                usleep(250_000)
            }
        }
    }

    private func status(of node: Node) throws -> [String: Any] {
        let text = try Command.output(
            options.binary, ["cluster", "status", "--json", "--endpoint", "127.0.0.1:\(node.grpcPort)"],
            // 2: there is something that an operator should know.
            accepting: [0, 2])
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    private func commit() throws -> RunningCommand {
        try operate("commit", "--wait", "--timeout", "\(Self.longestChange)")
    }

    private func operate(_ words: String...) throws -> RunningCommand {
        try RunningCommand(
            [options.binary, "cluster"] + words + ["--endpoint", "127.0.0.1:\(nodes[0].grpcPort)"],
            directory: directory.appendingPathComponent("operator"))
    }
}
