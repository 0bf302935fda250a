import GRPCCore
import GRPCProtobuf
import NIOHTTP1
import SwiftProtobuf
import Testing

@testable import TraceExport

@Suite struct RetryTests {
    /// Draws the middle of each range.
    private struct Middle: RandomNumberGenerator {
        mutating func next() -> UInt64 { 1 << 63 }
    }

    @Test func `pauses double up to the longest, and begin anew after a success`() {
        var schedule = RetrySchedule(maxTime: .seconds(100), minPause: .seconds(1), maxPause: .seconds(5))
        var random = Middle()
        func pauses(_ count: Int) -> [Double] {
            (0..<count).map { _ in
                let pause = schedule.failed(elapsed: .zero, asked: nil, using: &random).pause
                return (pause / .milliseconds(1)).rounded()
            }
        }
        #expect(pauses(5) == [1_000, 2_000, 4_000, 5_000, 5_000])
        schedule.succeeded()
        #expect(pauses(1) == [1_000])
        for _ in 0..<100 { _ = pauses(1) }
        #expect(pauses(1) == [5_000])
    }

    @Test func `pauses are spread`() {
        var random = SystemRandomNumberGenerator()
        let pauses = (0..<100).map { _ in
            var schedule = RetrySchedule(
                maxTime: .seconds(100), minPause: .seconds(1), maxPause: .seconds(5))
            return schedule.failed(elapsed: .zero, asked: nil, using: &random).pause
        }
        #expect(pauses.allSatisfy { (.milliseconds(800) ... .milliseconds(1_200)).contains($0) })
        #expect(Set(pauses).count > 90)
    }

    @Test func `a receiver is left alone as long as it asks for, within the bound`() {
        var schedule = RetrySchedule(maxTime: .seconds(60), minPause: .seconds(1), maxPause: .seconds(5))
        var random = Middle()
        let asked = schedule.failed(elapsed: .zero, asked: .seconds(20), using: &random)
        #expect(asked.pause == .seconds(20) && asked.again)
        let long = schedule.failed(elapsed: .seconds(1), asked: .seconds(86_400), using: &random)
        #expect(long.pause == .seconds(60) && !long.again)
        let short = schedule.failed(elapsed: .zero, asked: .milliseconds(1), using: &random)
        #expect(short.pause > .seconds(3))
    }

    @Test func `a batch is given up when its time is over`() {
        var schedule = RetrySchedule(maxTime: .seconds(10), minPause: .seconds(1), maxPause: .seconds(1))
        var random = Middle()
        #expect(schedule.failed(elapsed: .seconds(8), asked: nil, using: &random).again)
        #expect(!schedule.failed(elapsed: .milliseconds(9_500), asked: nil, using: &random).again)
    }

    // MARK: HTTP

    private func outcome(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders = [:], _ body: [UInt8] = []
    ) -> ExportOutcome { HTTPTraceSender.outcome(status, headers, body) }

    private static let protobuf: HTTPHeaders = ["Content-Type": "application/x-protobuf"]

    @Test func `what HTTP's answers mean`() {
        #expect(outcome(.ok) == .taken(rejected: 0, message: ""))
        for status in [HTTPResponseStatus.tooManyRequests, .badGateway, .serviceUnavailable, .gatewayTimeout]
        {
            #expect(outcome(status) == .unavailable(reason: "\(status)", retryAfter: nil))
        }
        for status in [HTTPResponseStatus.badRequest, .unauthorized, .notFound, .internalServerError, .found]
        {
            #expect(outcome(status) == .refused(reason: "\(status)"))
        }
        #expect(
            outcome(.serviceUnavailable, ["Retry-After": "7"])
                == .unavailable(reason: "503 Service Unavailable", retryAfter: .seconds(7)))
    }

    @Test func `a receiver that takes a part of a batch says so`() throws {
        var response = Answer()
        response.partialSuccess.rejectedSpans = 2
        response.partialSuccess.errorMessage = "too old"
        let body: [UInt8] = try response.serializedBytes()
        #expect(outcome(.ok, Self.protobuf, body) == .taken(rejected: 2, message: "too old"))
    }

    @Test func `an error's message is told`() throws {
        let body: [UInt8] = try GoogleRPCStatus(
            code: .invalidArgument, message: "no such tenant", details: []
        )
        .serializedBytes()
        #expect(
            outcome(.badRequest, Self.protobuf, body) == .refused(reason: "400 Bad Request: no such tenant"))
    }

    @Test func `what is no receiver does not count as one`() {
        let page = Array("<html>welcome</html>".utf8)
        #expect(
            outcome(.ok, ["Content-Type": "text/html"], page)
                == .refused(reason: "what answers with 200 OK there is no receiver of OTLP"))
        #expect(
            outcome(.ok, Self.protobuf, page)
                == .refused(reason: "what answers with 200 OK there is no receiver of OTLP"))
    }

    @Test func `Retry-After is seconds or a date`() {
        // 1994-11-06T08:49:37Z
        let now = 784_111_777.0
        #expect(RetryAfter.parse("120", now: now) == .seconds(120))
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:50:07 GMT", now: now) == .seconds(30.0))
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:00:00 GMT", now: now) == .seconds(0.0))
        for text in ["", "-1", "soon", "1.5", "Sun, 06 Nov 1994 08:50:07 GMT+1", "99999999999"] {
            #expect(RetryAfter.parse(text, now: now) == nil, "\(text)")
        }
    }

    // MARK: gRPC

    @Test func `what gRPC's codes mean`() {
        for code in [
            RPCError.Code.cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss,
        ] {
            #expect(
                GRPCTraceSender.outcome(RPCError(code: code, message: "why"))
                    == .unavailable(reason: "\(code): why", retryAfter: nil))
        }
        for code in [
            RPCError.Code.unknown, .invalidArgument, .notFound, .alreadyExists, .permissionDenied,
            .unauthenticated, .failedPrecondition, .unimplemented, .internalError, .resourceExhausted,
        ] {
            #expect(
                GRPCTraceSender.outcome(RPCError(code: code, message: "why"))
                    == .refused(reason: "\(code): why"))
        }
    }

    @Test func `an exhausted receiver is asked again if it says when`() throws {
        let status = GoogleRPCStatus(
            code: .resourceExhausted, message: "busy", details: [.retryInfo(delay: .seconds(3))])
        let error = RPCError(
            code: .resourceExhausted, message: "busy",
            metadata: ["grpc-status-details-bin": .binary(try status.serializedBytes())])
        #expect(
            GRPCTraceSender.outcome(error)
                == .unavailable(reason: "resourceExhausted: busy", retryAfter: .seconds(3)))
    }
}
