import Testing

@testable import KVNodeClient

@Suite("Retries: budget, backoff, course")
struct RetryTests {
    private static let limits = RequestCourse.Limits(
        maxAttempts: 3, backoff: Backoff(base: .milliseconds(10), maximum: .milliseconds(35)),
        attemptTimeout: .seconds(2))

    private func failure(
        _ kind: KVNodeError.Kind = .unavailable, mayHaveHappened: Bool = false, effect: Effect = .write
    ) -> KVNodeError {
        var error = KVNodeError(kind, "m")
        error.mayHaveHappened = mayHaveHappened
        return error.of(effect)
    }

    @Test("retries are a share of the requests, and some are saved up")
    func budget() {
        var budget = RetryBudget(ratio: 0.1, capacity: 2)
        let withdrawals = (0..<3).map { _ in budget.withdraw() }
        #expect(withdrawals == [true, true, false])
        var retries = 0
        for _ in 0..<1_000 {
            budget.deposit()
            if budget.withdraw() { retries += 1 }
        }
        #expect(retries == 100)
        for _ in 0..<1_000 { budget.deposit() }
        #expect(budget.tokens == 2)
    }

    @Test("a budget of nothing allows nothing")
    func noBudget() {
        var budget = RetryBudget(ratio: 0, capacity: 0)
        budget.deposit()
        let isAllowed = budget.withdraw()
        #expect(!isAllowed)
    }

    @Test("the ceiling of the wait doubles up to the longest, and all of it is jitter")
    func backoff() {
        let backoff = Backoff(base: .milliseconds(10), maximum: .milliseconds(35))
        let ceilings = (1...4).map { backoff.delay(beforeRetry: $0, random: 1) }
        #expect(ceilings == [10, 20, 35, 35].map { .milliseconds($0) })
        #expect(backoff.delay(beforeRetry: 3, random: 0) == .zero)
        #expect(backoff.delay(beforeRetry: 2, random: 0.5) == .milliseconds(10))
        #expect(backoff.delay(beforeRetry: 10_000, random: 1) == .milliseconds(35))
    }

    @Test("a request is tried until its attempts are used up")
    func attempts() {
        var budget = RetryBudget(ratio: 0, capacity: 10)
        var course = RequestCourse(Self.limits, .read, timeout: .seconds(5))
        let delays = (0..<3).map { _ in
            course.delay(after: failure(), elapsed: .zero, budget: &budget, random: 0.5)
        }
        #expect(delays == [.milliseconds(5), .milliseconds(10), nil])
        #expect(course.attempts == 3 && budget.tokens == 8)
    }

    @Test("no retry without a token, and none that would begin after the deadline")
    func budgetAndDeadline() {
        var empty = RetryBudget(ratio: 0, capacity: 0)
        var full = RetryBudget(ratio: 0, capacity: 10)
        var course = RequestCourse(Self.limits, .read, timeout: .seconds(1))
        #expect(course.delay(after: failure(), elapsed: .zero, budget: &empty, random: 0) == nil)
        #expect(course.delay(after: failure(), elapsed: .seconds(1), budget: &full, random: 0) == nil)
        #expect(
            course.delay(after: failure(), elapsed: .milliseconds(995), budget: &full, random: 0.5) == nil)
        #expect(full.tokens == 10 && course.attempts == 1)
        #expect(
            course.delay(after: failure(), elapsed: .milliseconds(994), budget: &full, random: 0.5) != nil)
    }

    @Test(
        "only what may be otherwise later, and can't be done twice, is tried again",
        arguments: [Effect.read, .write])
    func safety(effect: Effect) {
        func isRetried(_ error: KVNodeError) -> Bool {
            var budget = RetryBudget(ratio: 0, capacity: 10)
            var course = RequestCourse(Self.limits, effect, timeout: nil)
            return course.delay(after: error, elapsed: .zero, budget: &budget, random: 0) != nil
        }
        #expect(isRetried(failure(effect: effect)))
        #expect(isRetried(failure(mayHaveHappened: true, effect: effect)) == (effect != .write))
        for kind in KVNodeError.Kind.allCases {
            #expect(isRetried(failure(kind, effect: effect)) == KVNodeError(kind, "").isTransient)
        }
        #expect(!isRetried(failure(.invalidRequest, effect: effect)))
        #expect(!isRetried(failure(.cancelled, effect: effect)))
    }

    @Test(
        "an attempt that another can follow leaves time for it; the last one, and the only one, has all of it"
    )
    func attemptTimeouts() {
        var budget = RetryBudget(ratio: 0, capacity: 10)
        var read = RequestCourse(Self.limits, .read, timeout: .seconds(5))
        #expect(read.attemptTimeout(elapsed: .zero) == .seconds(2))
        #expect(read.attemptTimeout(elapsed: .milliseconds(4_500)) == .milliseconds(500))
        #expect(read.attemptTimeout(elapsed: .seconds(9)) == .milliseconds(1))
        for _ in 0..<2 { _ = read.delay(after: failure(), elapsed: .zero, budget: &budget, random: 0) }
        #expect(read.attemptTimeout(elapsed: .seconds(1)) == .seconds(4))
        let write = RequestCourse(Self.limits, .write, timeout: .seconds(5))
        #expect(write.attemptTimeout(elapsed: .zero) == .seconds(5))
        #expect(RequestCourse(Self.limits, .write, timeout: nil).attemptTimeout(elapsed: .zero) == nil)
        #expect(RequestCourse(Self.limits, .read, timeout: nil).attemptTimeout(elapsed: .zero) == .seconds(2))
    }
}
