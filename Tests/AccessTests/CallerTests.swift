import ClusterCore
import Testing

@testable import Access

@Suite struct CallerTests {
    private func verdict(_ caller: inout Caller, _ operation: Operation, _ bucket: String = "")
        -> RequestError.Code?
    {
        do throws(RequestError) {
            try caller.check(operation, bucket: bucket)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func grantsDecide() {
        let point = Point()
        point.access.replace([Account("a", "write:carts*", "read:*"), Account("root", "admin:*")])
        var caller = point.caller("a")
        #expect(verdict(&caller, .writeKey, "carts-1") == nil)
        #expect(verdict(&caller, .writeKey, "orders") == .permissionDenied)
        #expect(verdict(&caller, .readKey, "orders") == nil)
        #expect(verdict(&caller, .setProperties, "carts-1") == .permissionDenied)
        #expect(verdict(&caller, .clusterStatus) == .permissionDenied)
        #expect(verdict(&caller, .describe) == nil)
        var root = point.caller("root")
        for operation in Operation.allCases { #expect(verdict(&root, operation, "x") == nil) }
    }

    @Test func nobodyMayDoWhatNeedsNoUserAlone() {
        let point = Point()
        point.access.replace([Account("a", "admin:*")])
        for var caller in [
            Caller(point.access, over: .http), point.caller("b"), point.caller("a", credential: [2]),
        ] {
            let isKnown = caller.isKnown()
            #expect(!isKnown)
            for operation in Operation.allCases {
                let expected: RequestError.Code? = operation.requirement == .nothing ? nil : .unauthenticated
                #expect(verdict(&caller, operation, "x") == expected)
            }
        }
    }

    @Test func anOpenNodeAllowsEverything() {
        var caller = Caller(AccessControl(openWith: Point().access.audit), over: .http)
        for operation in Operation.allCases { #expect(verdict(&caller, operation, "x") == nil) }
        #expect(!caller.knowsUsers)
    }

    @Test func metricsMayBeOpenAndNothingElse() {
        let point = Point(metricsAreOpen: true)
        point.access.replace([Account("a", "write:carts")])
        var nobody = Caller(point.access, over: .http)
        var user = point.caller("a")
        for operation in Operation.allCases where operation.requirement != .nothing {
            let expected: RequestError.Code? = operation == .readMetrics ? nil : .unauthenticated
            #expect(verdict(&nobody, operation, "carts") == expected)
        }
        #expect(verdict(&user, .readMetrics) == nil)
        #expect(verdict(&user, .readWorkload) == .permissionDenied)
    }

    /// What changes of a user counts for its open connections at once.
    @Test func usersChange() {
        let point = Point()
        point.access.replace([Account("a", "read:*")])
        var caller = point.caller("a")
        #expect(verdict(&caller, .readKey, "b") == nil)
        point.access.replace([Account("a", "write:*")])
        #expect(verdict(&caller, .writeKey, "b") == nil)
        point.access.replace([])
        #expect(verdict(&caller, .readKey, "b") == .unauthenticated)
        // Another password, which the caller has not given.
        point.access.replace([Account(name: "a", grants: [Grant("read:*")!], credentials: [[2]])])
        #expect(verdict(&caller, .readKey, "b") == .unauthenticated)
        point.access.replace([Account("a", "read:*")])
        #expect(verdict(&caller, .readKey, "b") == nil)
        caller.logOut()
        #expect(verdict(&caller, .readKey, "b") == .unauthenticated)
    }

    @Test func aRateIsSharedAndOutlivesAChangeOfUsers() {
        let point = Point()
        let limit = RateLimit(operationsPerSecond: 10, burst: 2)
        let accounts = [Account("a", "read:*", limit: limit), Account("b", "read:*")]
        point.access.replace(accounts)
        var (one, other, free) = (point.caller("a"), point.caller("a"), point.caller("b"))
        #expect(verdict(&one, .readKey, "x") == nil)
        #expect(verdict(&other, .readKey, "x") == nil)
        #expect(verdict(&one, .readKey, "x") == .overloaded)
        #expect(verdict(&free, .readKey, "x") == nil)
        point.access.replace(accounts)
        #expect(verdict(&one, .readKey, "x") == .overloaded)
        point.clock.advance(milliseconds: 100)
        #expect(verdict(&other, .readKey, "x") == nil)
        #expect(verdict(&one, .readKey, "x") == .overloaded)
        // A refusal for want of rights costs nothing of the rate.
        point.clock.advance(milliseconds: 100)
        #expect(verdict(&one, .writeKey, "x") == .permissionDenied)
        #expect(verdict(&one, .readKey, "x") == nil)
    }
}

@Suite struct RateLimiterTests {
    @Test func burstAndRate() {
        let limiter = RateLimiter(RateLimit(operationsPerSecond: 100, burst: 5))
        var now: UInt64 = 1_000_000_000
        #expect((0..<10).count { _ in limiter.admit(1, now: now) } == 5)
        // Ten milliseconds for each.
        now += 30_000_000
        #expect((0..<10).count { _ in limiter.admit(1, now: now) } == 3)
        // No more than a burst is saved up.
        now += 10_000_000_000
        #expect((0..<10).count { _ in limiter.admit(1, now: now) } == 5)
    }

    @Test func moreThanABurstIsPaidForAfterwards() {
        let limiter = RateLimiter(RateLimit(operationsPerSecond: 100, burst: 5))
        let now: UInt64 = 1_000_000_000
        #expect(limiter.admit(50, now: now))
        #expect(!limiter.admit(1, now: now + 459_000_000))
        #expect(limiter.admit(1, now: now + 460_000_000))
    }

    @Test func inTheLongRunTheRateIsKept() {
        let limiter = RateLimiter(RateLimit(operationsPerSecond: 250, burst: 10))
        let start: UInt64 = 5_000_000_000
        let admitted = (0..<10_000).count { limiter.admit(1, now: start + UInt64($0) * 1_000_000) }
        #expect((2_500...2_510).contains(admitted))
    }

    @Test func noneIsLostAmongThreads() async {
        let limiter = RateLimiter(RateLimit(operationsPerSecond: 1, burst: 1_000))
        let admitted = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { (0..<1_000).count { _ in limiter.admit(1, now: 1) } } }
            return await group.reduce(0, +)
        }
        #expect(admitted == 1_000)
    }
}

@Suite struct ConstantTimeTests {
    /// Counts how often its bytes are looked at.
    private final class Looks { var count = 0 }

    private struct Watched: Collection {
        var bytes: [UInt8]
        var looks: Looks
        var startIndex: Int { 0 }
        var endIndex: Int { bytes.count }
        func index(after index: Int) -> Int { index + 1 }
        subscript(index: Int) -> UInt8 {
            looks.count += 1
            return bytes[index]
        }
    }

    @Test func eachByteIsLookedAtWhereverTheFirstDifferenceIs() {
        let secret = [UInt8](0..<32)
        for place in 0..<32 {
            var guess = secret
            guess[place] ^= 0x80
            let looks = Looks()
            #expect(!ConstantTime.areEqual(Watched(bytes: guess, looks: looks), secret))
            #expect(looks.count == 32)
        }
        #expect(ConstantTime.areEqual(secret, secret))
        #expect(!ConstantTime.areEqual(secret, secret.dropLast()))
        #expect(ConstantTime.areEqual([UInt8](), [UInt8]()))
    }
}
