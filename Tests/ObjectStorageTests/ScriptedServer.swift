import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import ObjectStorage

/// A request that a server of the test got.
struct Received: Sendable {
    var method: String
    var path: String
    /// Decoded.
    var query: [String: String]
    /// By names in lower case.
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    init(_ head: HTTPRequestHead, _ body: [UInt8]) {
        let parts = head.uri.split(separator: "?", maxSplits: 1)
        method = head.method.rawValue
        path = String(parts[0])
        query = parts.count > 1 ? Self.fields(String(parts[1])) : [:]
        headers = Dictionary(
            head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        self.body = body
    }

    /// Of a query, or of a form.
    static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for item in text.split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            fields[PercentEncoding.decode(String(pair[0])) ?? ""] =
                pair.count > 1 ? PercentEncoding.decode(String(pair[1])) : ""
        }
        return fields
    }
}

enum Reply: Sendable {
    case answer(Int, headers: [String: String] = [:], body: [UInt8] = [])
    /// The connection stays open.
    case never
    /// A head, and then no more; the connection stays open.
    case headOnly(length: Int)
    /// The connection ends after a body that is shorter than the head says.
    case truncated(length: Int, body: [UInt8])

    static let ok = Reply.answer(200)

    static func text(_ status: Int, _ text: String, headers: [String: String] = [:]) -> Reply {
        .answer(status, headers: headers, body: Array(text.utf8))
    }

    /// As S3 tells of errors.
    static func error(_ status: Int, _ code: String, _ message: String = "why", more: String = "") -> Reply {
        .text(
            status, "<Error><Code>\(code)</Code><Message>\(message)</Message>\(more)</Error>",
            headers: ["x-amz-request-id": "REQ1"])
    }
}

/// A server for HTTP whose answers the test decides.
final class ScriptedServer: Sendable {
    typealias Script = @Sendable (Received) -> Reply

    private let script: Script
    private let log = Mutex<[Received]>([])
    private let bound = Mutex(0)

    private init(_ script: @escaping Script) { self.script = script }

    /// What came, in the order of the requests' ends.
    var received: [Received] { log.withLock { $0 } }

    var address: String { "http://127.0.0.1:\(bound.withLock { $0 })" }

    /// Runs `body` with a server.
    ///
    /// - Parameter script: On the server's event loops.
    static func with(
        _ script: @escaping Script, _ body: (ScriptedServer) async throws -> Void
    ) async throws {
        let server = ScriptedServer(script)
        try await MultiThreadedEventLoopGroup.withEventLoopGroup(numberOfThreads: 1) { group in
            let channel = try await ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(Handler(server))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            server.bound.withLock { $0 = channel.localAddress!.port! }
            try await body(server)
            try await channel.close()
        }
    }

    private func reply(_ request: Received) -> Reply {
        log.withLock { $0.append(request) }
        return script(request)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let server: ScriptedServer
        private var head: HTTPRequestHead?
        private var bytes: [UInt8] = []

        init(_ server: ScriptedServer) { self.server = server }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                bytes = []
            case .body(let part): bytes += part.readableBytesView
            case .end:
                if let head { send(server.reply(Received(head, bytes)), context) }
            }
        }

        private func send(_ reply: Reply, _ context: ChannelHandlerContext) {
            switch reply {
            case .answer(let status, let headers, let body):
                write(status, headers, length: body.count, body, context)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .never: break
            case .headOnly(let length):
                write(200, [:], length: length, [], context)
                context.flush()
            case .truncated(let length, let body):
                write(200, [:], length: length, body, context)
                context.flush()
                context.close(promise: nil)
            }
        }

        private func write(
            _ status: Int, _ headers: [String: String], length: Int, _ body: [UInt8],
            _ context: ChannelHandlerContext
        ) {
            var fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
            fields.add(name: "Content-Length", value: "\(length)")
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: fields)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
    }
}
