import ArgumentParser
import Foundation
import Nodes
import Recording
import Report
import Results

/// The workload of a running cluster.
struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Records what clients ask of a running cluster, in numbers.",
        discussion: """
            Asks each node twice for its counts of clients' requests, and writes the shape of what was asked meanwhile: the mix of \
            operations, their rate, sizes, and how unevenly keys are asked for. It puts no load on the nodes, and learns no key \
            and no value. kvbench replay measures engines under it.

            kvbench record --endpoints 10.0.0.1:7402,10.0.0.2:7402,10.0.0.3:7402 --duration 60s --out shape.json
            """)

    @Option(
        help: ArgumentHelp(
            "HTTP ports of all nodes that clients speak to, by commas.", valueName: "host:port,host:port"),
        transform: Words.init)
    var endpoints: Words

    @Option(help: "How long to record, such as 60s or 5m.", transform: Seconds.init)
    var duration = Seconds(60)

    @Option(help: "The file to write.") var out = "shape.json"

    func validate() throws {
        guard !endpoints.all.isEmpty else { throw ValidationError("there is no node to ask") }
        for endpoint in endpoints.all { _ = try Self.place(endpoint) }
        guard duration.value >= 1 else { throw ValidationError("a recording takes a second at least") }
    }

    func run() throws {
        let begun = ISO8601DateFormatter().string(from: Date())
        let before = try endpoints.all.map(Self.sample)
        Terminal.progress("recording for \(Int(duration.value)) s")
        Thread.sleep(forTimeInterval: duration.value)
        Terminal.endProgress()
        var recording = Recording()
        for (endpoint, before) in zip(endpoints.all, before) {
            try recording.add(before, try Self.sample(endpoint), endpoint: endpoint)
        }
        let shape = try recording.shape(begun: begun, seconds: duration.value)
        try shape.write(to: URL(fileURLWithPath: out))
        print(Facts.text(shape))
        print("its shape is in \(out)")
    }

    private static func sample(_ endpoint: String) throws -> NodeSample {
        let (host, port) = try place(endpoint)
        let reply = try Probe.http("GET", "/v1/workload", host: host, port: port)
        guard reply.status == 200 else { throw RecordingError.isNoNode(endpoint) }
        return try NodeSample(json: reply.body, from: endpoint)
    }

    /// An IPv6 address is in brackets.
    private static func place(_ endpoint: String) throws -> (host: String, port: UInt16) {
        guard let colon = endpoint.lastIndex(of: ":"), colon > endpoint.startIndex,
            let port = UInt16(endpoint[endpoint.index(after: colon)...]), port > 0
        else { throw ValidationError("\"\(endpoint)\" is no host:port") }
        let host = endpoint[..<colon]
        return (host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host), port)
    }
}
