import AsyncHTTPClient
import Foundation
import GRPCProtobuf
import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// OTLP over HTTP/1.1: each batch is one request with a message in Protobuf.
struct HTTPTraceSender: TraceSender {
    private static let contentType = "application/x-protobuf"
    /// Far more than any answer takes.
    private static let maxReplyBytes = 64 << 10

    private let client: HTTPClient
    private let head: HTTPClientRequest
    private let timeout: TimeAmount

    /// Runs `body` with a sender that can be used until it returns.
    static func with(
        _ configuration: TraceExportConfiguration, _ trust: TraceTrust, on group: any EventLoopGroup,
        _ body: (HTTPTraceSender) async -> Void
    ) async throws {
        var options = HTTPClient.Configuration()
        options.tlsConfiguration = trust.configuration
        options.httpVersion = .http1Only
        // Headers may be secrets, for this receiver alone.
        options.redirectConfiguration = .disallow
        // The pauses between attempts are the exporter's.
        options.connectionPool.retryConnectionEstablishment = false
        options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
        options.tracing.tracer = nil
        let client = HTTPClient(eventLoopGroup: group, configuration: options)
        await body(HTTPTraceSender(configuration, client))
        try await client.shutdown()
    }

    private init(_ configuration: TraceExportConfiguration, _ client: HTTPClient) {
        self.client = client
        timeout = TimeAmount(configuration.timeout)
        var head = HTTPClientRequest(url: configuration.endpoint.url + "/v1/traces")
        head.method = .POST
        head.headers = HTTPHeaders(configuration.headers.fields.map { ($0.name, $0.value) })
        head.headers.add(name: "Content-Type", value: Self.contentType)
        head.headers.add(name: "User-Agent", value: TraceHeaders.userAgent)
        self.head = head
    }

    func send(_ request: ExportRequest) async -> ExportOutcome {
        let deadline = NIODeadline.now() + timeout
        do {
            var post = head
            post.body = .bytes(ByteBuffer(bytes: request.bytes))
            let response = try await client.execute(post, deadline: deadline)
            let body = try await response.body.collect(upTo: Self.maxReplyBytes)
            return Self.outcome(response.status, response.headers, Array(buffer: body))
        } catch {
            return .unavailable(reason: "\(error)", retryAfter: nil)
        }
    }

    /// By OTLP's rules for answers.
    static func outcome(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: [UInt8]
    ) -> ExportOutcome {
        let isProtobuf = headers.first(name: "Content-Type")?.hasPrefix(contentType) == true
        switch status.code {
        case 200..<300:
            if body.isEmpty { return ExportOutcome(ExportResponse()) }
            guard isProtobuf, let response = try? ExportResponse(body) else {
                return .refused(reason: "what answers with \(status) there is no receiver of OTLP")
            }
            return ExportOutcome(response)
        case 429, 502, 503, 504:
            return .unavailable(
                reason: reason(status, isProtobuf, body),
                retryAfter: headers.first(name: "Retry-After").flatMap {
                    RetryAfter.parse($0, now: Date().timeIntervalSince1970)
                })
        default:
            return .refused(reason: reason(status, isProtobuf, body))
        }
    }

    /// The status, and what the receiver says besides.
    private static func reason(_ status: HTTPResponseStatus, _ isProtobuf: Bool, _ body: [UInt8]) -> String {
        // A receiver that says nothing, or nothing that can be read, has said enough by its status.
        guard isProtobuf, let detail = try? GoogleRPCStatus(serializedBytes: body), !detail.message.isEmpty
        else { return "\(status)" }
        return "\(status): \(detail.message)"
    }
}

/// The header `Retry-After`.
enum RetryAfter {
    /// - Parameters:
    ///   - value: Seconds, or a date as HTTP writes it.
    ///   - now: In seconds since 1970.
    /// - Returns: nil if it is neither.
    static func parse(_ value: String, now: Double) -> Duration? {
        if let seconds = UInt32(value) { return .seconds(Int64(seconds)) }
        // Made each time: it is needed when a receiver is overloaded, and not often then.
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.date(from: value).map { .seconds(max(0, $0.timeIntervalSince1970 - now)) }
    }
}
