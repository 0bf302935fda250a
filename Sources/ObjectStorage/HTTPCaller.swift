import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

struct HTTPAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: ByteBuffer

    /// The body as text.
    var text: String { String(buffer: body) }
}

/// One attempt at a request over HTTP/1.1.
struct HTTPCaller: Sendable {
    let client: HTTPClient

    /// - Parameters:
    ///   - timeout: Until the whole answer is here.
    ///   - maxBytes: The largest body that is taken.
    /// - Returns: The answer, whatever its status.
    func send(
        _ request: HTTPClientRequest, within timeout: Duration, upTo maxBytes: Int
    ) async throws(CallFailure) -> HTTPAnswer {
        do {
            // The client's own deadline ends with the head of the answer.
            return try await withThrowingTaskGroup(of: HTTPAnswer?.self) { group in
                group.addTask { try await answer(request, timeout, maxBytes) }
                group.addTask {
                    try await Task.sleep(for: timeout)
                    return nil
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() ?? nil else {
                    throw HTTPClientError.deadlineExceeded
                }
                return answer
            }
        } catch let failure as CallFailure {
            throw failure
        } catch {
            throw Self.failure(error, timeout)
        }
    }

    private func answer(
        _ request: HTTPClientRequest, _ timeout: Duration, _ maxBytes: Int
    ) async throws -> HTTPAnswer {
        let response = try await client.execute(request, timeout: TimeAmount(timeout))
        let body = try await response.body.collect(upTo: maxBytes)
        // A body may just end when its reader is cancelled.
        try Task.checkCancellation()
        if request.method != .HEAD,
            let told = response.headers.first(name: "Content-Length").flatMap({ Int($0) }),
            told != body.readableBytes
        {
            throw CallFailure(
                .unreachable, "the answer ended after \(body.readableBytes) of \(told) bytes",
                isTransient: true)
        }
        return HTTPAnswer(status: Int(response.status.code), headers: response.headers, body: body)
    }

    private static func failure(_ error: any Error, _ timeout: Duration) -> CallFailure {
        if Task.isCancelled { return CallFailure(.cancelled, "cancelled") }
        switch error {
        case let error as NIOTooManyBytesError:
            let limit = error.maxBytes.map { " of \($0) bytes" } ?? ""
            return CallFailure(.refused, "the answer is larger than the limit\(limit)")
        case let error as HTTPClientError: return Self.failure(error, timeout)
        case ChannelError.connectTimeout:
            return CallFailure(.timedOut, "no connection in time", isTransient: true)
        case HTTPParserError.invalidEOFState: return Self.failure(.remoteConnectionClosed, timeout)
        case let error as NIOConnectionError:
            return CallFailure(.unreachable, reason(error), isTransient: true)
        default:
            return CallFailure(.unreachable, "the connection failed: \(words(error))", isTransient: true)
        }
    }

    private static func failure(_ error: HTTPClientError, _ timeout: Duration) -> CallFailure {
        switch error {
        case .deadlineExceeded:
            CallFailure(.timedOut, "no whole answer within \(timeout)", isTransient: true)
        case .connectTimeout, .tlsHandshakeTimeout:
            CallFailure(.timedOut, "no connection in time", isTransient: true)
        case .remoteConnectionClosed:
            CallFailure(
                .unreachable, "the server closed the connection before its answer was whole",
                isTransient: true)
        default:
            CallFailure(.unreachable, "the connection failed: \(error.shortDescription)", isTransient: true)
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if let refusal = error.connectionErrors.first {
            return "no connection to \(refusal.target): \(words(refusal.error))"
        }
        let cause = error.dnsAError ?? error.dnsAAAAError
        return "the host \(error.host) can't be found" + (cause.map { ": \($0)" } ?? "")
    }

    /// The system's, without what NIO was doing.
    private static func words(_ error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }
}
