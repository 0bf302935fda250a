import ClusterCore
import Testing

@testable import Access

@Suite struct AuditLogTests {
    private func refuse(_ point: Point, times: Int = 1) {
        for _ in 0..<times {
            var caller = point.caller("a")
            do throws(RequestError) {
                try caller.check(.writeKey, bucket: "orders")
                Issue.record("the request was allowed")
            } catch {
                #expect(error.code == .permissionDenied)
            }
        }
    }

    @Test func aRefusalHasALine() {
        let point = Point()
        point.access.replace([Account("a", "read:*")])
        refuse(point)
        #expect(
            point.lines.all == [
                "warning refused: bucket=orders from=10.0.0.9:5 operation=write_key reason=permissionDenied user=a"
            ])
    }

    @Test func refusalsPastTheLimitAreCountedAndToldOf() {
        let point = Point(maxRefusalsPerSecond: 2)
        point.access.replace([Account("a", "read:*")])
        refuse(point, times: 7)
        #expect(point.lines.all.count == 2)
        point.access.audit.flush()
        #expect(point.lines.all.count == 2)
        point.clock.advance(milliseconds: 1_000)
        refuse(point)
        #expect(point.lines.all.count == 3)
        #expect(point.lines.all[2].contains("left_out=5"))
        // Also if there is no other.
        refuse(point, times: 4)
        point.clock.advance(milliseconds: 1_000)
        point.access.audit.flush()
        point.access.audit.flush()
        #expect(point.lines.all.count == 5)
        #expect(point.lines.all[4] == "warning refusals were left out: left_out=3")
    }

    @Test func actionsOfAdministratorsHaveALineEach() {
        let point = Point(maxRefusalsPerSecond: 0)
        point.access.replace([Account("root", "admin:*")])
        let caller = point.caller("root")
        caller.audit(.setProperties, bucket: "carts", detail: "n: 3", failure: nil)
        caller.audit(.declareLost, bucket: "", detail: "node: \"n1\"", failure: "is connected")
        // What is no such action has none.
        caller.audit(.readKey, bucket: "carts", failure: nil)
        #expect(
            point.lines.all == [
                "notice an administrator's action: bucket=carts detail=n: 3 from=10.0.0.9:5 operation=set_properties outcome=success user=root",
                "notice an administrator's action: detail=node: \"n1\" from=10.0.0.9:5 operation=declare_lost outcome=failure reason=is connected user=root",
            ])
    }

    @Test func secretsAreNotPrinted() {
        let secret = Array("hunter2".utf8)
        for credential in [Credential.password(user: "a", secret), .token(secret)] {
            var dumped = "\(credential) \(String(reflecting: credential))"
            dump(credential, to: &dumped)
            #expect(!dumped.contains("hunter2") && !dumped.contains("\(secret[0])"), "\(dumped)")
        }
    }

    @Test func refusedLoginsHaveALineWithoutTheirSecret() {
        let point = Point()
        let caller = Caller(point.access, over: .resp, address: "h:1")
        let secret = Array("hunter2".utf8)
        for credential in [Credential.token(secret), .password(user: "a", secret)] {
            if case .known? = caller.authenticate(credential, { _ in }) {
                Issue.record("nobody should be known")
            }
        }
        #expect(caller.refuseLogin("it is neither").code == .unauthenticated)
        #expect(
            point.lines.all == [
                "warning refused: from=h:1 operation=authenticate reason=unauthenticated user=(token)",
                "warning refused: from=h:1 operation=authenticate reason=overloaded user=a",
                "warning refused: from=h:1 operation=authenticate reason=unauthenticated user=-",
            ])
    }
}
