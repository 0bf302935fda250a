import Access
import ClusterCore
import Foundation
import Logging
import NIOPosix
import Testing
import TextAPI

/// Runs `body` against an HTTP server over a fake store, then stops the server in order.
func withHTTPServer(
    _ change: (inout HTTPServer.Configuration) -> Void = { _ in }, access: AccessControl = .open,
    isTracing: Bool = true,
    _ body: (_ port: Int, _ service: FakeService, _ server: HTTPServer) async throws -> Void
) async throws {
    let service = FakeService()
    service.isTracing = isTracing
    var configuration = HTTPServer.Configuration(host: "127.0.0.1", port: 0)
    configuration.maxBodyBytes = 100_000
    // Bounds a hang, nothing else.
    configuration.shutdownGrace = .seconds(60)
    change(&configuration)
    let server = HTTPServer(
        configuration: configuration, service: service, access: access,
        metrics: { ("text/plain", Array("metrics for \($0)\n".utf8)) },
        console: { (question) throws(RequestError) in
            if case .holdings("missing", _) = question {
                throw RequestError(.shuttingDown, "the node is shutting down")
            }
            return Array("{\"asked\": \"\(question)\"}".utf8)
        },
        group: .singletonMultiThreadedEventLoopGroup,
        logger: Logger(label: "test"))
    try await whileRunning(server.run, server.beginGracefulShutdown) {
        try await body(try await server.listeningPort, service, server)
    }
}

/// Runs `body` beside a server, which is stopped in order afterwards.
func whileRunning(
    _ run: @escaping @Sendable () async throws -> Void, _ stop: () -> Void, _ body: () async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await run() }
        do {
            try await body()
        } catch {
            stop()
            throw error
        }
        stop()
        try await group.waitForAll()
    }
}

/// A problem document's members.
func problem(_ reply: RawClient.Reply) throws -> [String: Any] {
    #expect(reply.headers["content-type"] == "application/problem+json")
    let members = try #require(try JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any])
    #expect(members["status"] as? Int == reply.status)
    return members
}

func json(_ reply: RawClient.Reply) throws -> Any { try JSONSerialization.jsonObject(with: Data(reply.body)) }
