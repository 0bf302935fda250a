import ClusterCore
import Testing

@testable import Access

@Suite struct RefusalTests {
    /// All counts that are not 0.
    private func counts(_ point: Point) -> [String: Int] {
        var found: [String: Int] = [:]
        for clientProtocol in ClientProtocol.allCases {
            for reason in Refusal.allCases where point.access.refusals[clientProtocol, reason] > 0 {
                found["\(clientProtocol.rawValue) \(reason.rawValue)"] =
                    point.access.refusals[clientProtocol, reason]
            }
        }
        return found
    }

    private func refused(_ caller: inout Caller, _ operation: Operation) {
        do throws(RequestError) {
            try caller.check(operation, bucket: "orders")
            Issue.record("the request was allowed")
        } catch {
            // What is counted is checked by the test.
        }
    }

    @Test func eachIsCountedByProtocolAndReason() {
        let point = Point()
        let limit = RateLimit(operationsPerSecond: 1, burst: 1)
        point.access.replace([Account("a", "read:*", limit: limit), Account("b", "read:*")])
        var limited = point.caller("a", over: .grpc)
        #expect(throws: Never.self) { try limited.check(.readKey, bucket: "orders") }
        #expect(counts(point).isEmpty)
        refused(&limited, .readKey)

        var reader = point.caller("b", over: .http)
        refused(&reader, .writeKey)
        refused(&reader, .clusterStatus)

        var nobody = Caller(point.access, over: .resp)
        refused(&nobody, .readKey)
        #expect(throws: RequestError.self) { try nobody.checkIsKnown(for: .describe) }
        var gone = point.caller("c", over: .http)
        refused(&gone, .readKey)

        _ = nobody.authenticate(.token([1]), { _ in })
        _ = nobody.authenticate(.password(user: "a", [1]), { _ in })
        _ = reader.refuseLogin("it is neither")
        #expect(
            counts(point) == [
                "grpc rate_limit": 1, "http no_role": 2, "resp no_user": 2, "http no_user": 1,
                "resp wrong_credential": 1, "resp too_many_logins": 1, "http wrong_credential": 1,
            ])
    }

    @Test func thoseThatHaveNoLineAreCountedToo() {
        let point = Point(maxRefusalsPerSecond: 0)
        var nobody = Caller(point.access, over: .grpc)
        for _ in 0..<5 { refused(&nobody, .writeKey) }
        #expect(counts(point) == ["grpc no_user": 5])
        #expect(point.lines.all.isEmpty)
    }

    @Test func anOpenNodeRefusesNobody() {
        let access = AccessControl(openWith: Point().access.audit)
        var nobody = Caller(access, over: .http)
        for operation in Operation.allCases {
            #expect(throws: Never.self) { try nobody.check(operation, bucket: "orders") }
        }
        for clientProtocol in ClientProtocol.allCases {
            for reason in Refusal.allCases { #expect(access.refusals[clientProtocol, reason] == 0) }
        }
    }
}
