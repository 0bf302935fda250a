import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import NIOCore
import NIOHTTP1
import NIOPosix
import SwiftProtobuf

@testable import TraceExport

/// A request that a receiver of OTLP got.
struct Received: Sendable {
    var uri: String
    var headers: [String: String]
    var request: ExportMessage
}

/// How a receiver answers; nil: not at all.
typealias HTTPAnswer = (status: HTTPResponseStatus, headers: HTTPHeaders, body: [UInt8])

/// A server for OTLP over HTTP.
enum HTTPReceiver {
    /// Runs `body` with a server on the port that it is given.
    ///
    /// - Parameter answer: On the server's event loop.
    static func with(
        _ answer: @escaping @Sendable (Received) -> HTTPAnswer?, _ body: (_ port: Int) async throws -> Void
    ) async throws {
        try await MultiThreadedEventLoopGroup.withEventLoopGroup(numberOfThreads: 1) { group in
            let server = try await ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(Handler(answer: answer))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            try await body(server.localAddress!.port!)
            try await server.close()
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answer: @Sendable (Received) -> HTTPAnswer?
        private var head: HTTPRequestHead?
        private var bytes: [UInt8] = []

        init(answer: @escaping @Sendable (Received) -> HTTPAnswer?) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                bytes = []
            case .body(let part): bytes += part.readableBytesView
            case .end: reply(context)
            }
        }

        private func reply(_ context: ChannelHandlerContext) {
            guard let head, let request = try? ExportMessage(serializedBytes: bytes) else {
                return context.close(promise: nil)
            }
            let headers = Dictionary(
                head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }
            )
            guard
                let (status, answerHeaders, body) = answer(
                    Received(uri: "\(head.method) \(head.uri)", headers: headers, request: request))
            else { return }
            var fields = answerHeaders
            fields.add(name: "Content-Length", value: "\(body.count)")
            let response = HTTPResponseHead(version: .http1_1, status: status, headers: fields)
            context.write(wrapOutboundOut(.head(response)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

/// What a receiver of OTLP answers.
typealias Answer = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceResponse

/// A server for OTLP over gRPC.
struct GRPCReceiver: RegistrableRPCService {
    var answer: @Sendable (Received) async throws -> Answer

    /// Runs `body` with a server on the port that it is given.
    static func with(
        _ answer: @escaping @Sendable (Received) async throws -> Answer,
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let server = GRPCServer(
            transport: .http2NIOPosix(
                address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext),
            services: [GRPCReceiver(answer: answer)])
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                do {
                    try await server.serve()
                } catch {
                    // A server whose task is cancelled ends with an error.
                    if !Task.isCancelled { throw error }
                }
            }
            let port = try await server.listeningAddress?.ipv4?.port ?? 0
            try await body(port)
            // A call that is never answered would keep it.
            group.cancelAll()
        }
    }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        let method = GRPCTraceSender.method
        router.registerHandler(
            forMethod: method, deserializer: ProtobufDeserializer<ExportMessage>(),
            serializer: ProtobufSerializer<Answer>()
        ) { request, _ in
            let single = try await ServerRequest(stream: request)
            var headers: [String: String] = [:]
            for (name, value) in single.metadata { headers[name] = "\(value)" }
            let response = try await answer(
                Received(uri: method.fullyQualifiedMethod, headers: headers, request: single.message))
            return StreamingServerResponse(single: ServerResponse(message: response))
        }
    }
}
