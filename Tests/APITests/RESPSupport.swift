import Access
import ClusterCore
import Logging
import NIOPosix
import Testing

@testable import TextAPI

/// Runs `body` against a RESP server over a fake store, which keeps siblings, then stops the server in order.
func withRESPServer(
    _ change: (inout RESPServer.Configuration) -> Void = { _ in }, access: AccessControl = .open,
    _ body: (_ port: Int, _ service: FakeService, _ server: RESPServer) async throws -> Void
) async throws {
    let service = FakeService()
    var configuration = RESPServer.Configuration(host: "127.0.0.1", port: 0)
    configuration.maxArgumentBytes = 100_000
    // Bounds a hang, nothing else.
    configuration.shutdownGrace = .seconds(60)
    change(&configuration)
    let server = RESPServer(
        configuration: configuration, service: service, access: access, wallMillis: { FakeService.now },
        group: .singletonMultiThreadedEventLoopGroup,
        logger: Logger(label: "test"))
    try await whileRunning(server.run, server.beginGracefulShutdown) {
        try await body(try await server.listeningPort, service, server)
    }
}

extension RawClient {
    /// The next reply of Redis's protocol.
    func respReply() throws -> RESPReply {
        let line = try line()
        let rest = String(line.dropFirst())
        switch line.first {
        case "+": return .simple(rest)
        case "-":
            let words = rest.split(separator: " ", maxSplits: 1)
            return .error(String(words[1]), code: String(words[0]))
        case ":": return .integer(Int(rest)!)
        case "$" where rest == "-1", "_": return .null
        case "$":
            let bytes = try bytes(Int(rest)! + 2)
            #expect(bytes.suffix(2) == [13, 10])
            return .bulk(Array(bytes.dropLast(2)))
        case "*": return .array(try (0..<Int(rest)!).map { _ in try respReply() })
        case "%": return .map(try (0..<Int(rest)!).map { _ in (try respReply(), try respReply()) })
        default: throw Closed()
        }
    }

    private func line() throws -> String {
        var line: [UInt8] = []
        while line.suffix(2) != [13, 10] { line += try bytes(1) }
        return String(decoding: line.dropLast(2), as: UTF8.self)
    }
}
