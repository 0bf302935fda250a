/// Hands the hints kept for one target back to it: one pass over them, throttled and windowed.
///
/// A value, driven like the coordinators. The runtime reads pages of hints, sends each as an ordinary merge, and removes
/// it when the target has acknowledged it (if it has not grown meanwhile, `HintRecord.remove`). So a pass that breaks off is
/// resumed by the next from where it stopped: what was acknowledged is gone from the store.
///
/// The same pass drops what is too old. One that doesn't send, for a target that cannot be reached, does that alone.
///
/// Exactly one `finished` comes out; then nothing has an effect any more.
public struct HandoffSender: Sendable {
    public struct Limits: Equatable, Sendable {
        /// Hints sent and neither acknowledged nor failed.
        public var maxHintsInFlight: Int
        /// Their bytes. One that is larger by itself goes alone.
        public var maxBytesInFlight: Int
        /// Bytes sent to the target in a second.
        public var bytesPerSecond: Int
        /// Hints read at a time.
        public var pageSize: Int
        /// How often a hint is sent before the pass goes on without it; the next pass tries again.
        public var maxAttempts: Int
        /// Milliseconds for which nothing is sent after a failure.
        public var retryDelayMillis: UInt64
        /// Milliseconds after which a hint is dropped.
        public var maxAgeMillis: UInt64

        public init(
            maxHintsInFlight: Int = 512, maxBytesInFlight: Int = 4 << 20, bytesPerSecond: Int = 32 << 20,
            pageSize: Int = 512, maxAttempts: Int = 3, retryDelayMillis: UInt64 = 500,
            maxAgeMillis: UInt64 = 24 * 3_600_000
        ) {
            self.maxHintsInFlight = maxHintsInFlight
            self.maxBytesInFlight = maxBytesInFlight
            self.bytesPerSecond = bytesPerSecond
            self.pageSize = pageSize
            self.maxAttempts = maxAttempts
            self.retryDelayMillis = retryDelayMillis
            self.maxAgeMillis = maxAgeMillis
        }
    }

    /// Why a hint is no longer kept.
    public enum Removal: Equatable, Sendable {
        /// The target has it.
        case delivered
        /// It was too old.
        case expired
    }

    /// What the runtime is to do. In the order given.
    public enum Action: Equatable, Sendable {
        /// Read at most `limit` records behind `after`, from the first if nil; then `page` or `stop`.
        case readPage(after: HintKey?, limit: Int)
        /// Have the target store this; then `acked` or `failed` with the number.
        case send(UInt64, Hint)
        /// Remove the hint, unless it has grown since it was read.
        case remove(Hint, Removal)
        /// Call `tick` at this time.
        case wake(at: UInt64)
        /// The pass has ended.
        case finished(HandoffReport)
    }

    private struct Attempt {
        var hint: Hint
        /// How often it has failed.
        var failures = 0
    }

    private let limits: Limits
    private let sends: Bool
    private let ages: HintAge
    private var throttle: Throttle
    private var report = HandoffReport()
    private var isRunning = false
    private var isReading = false
    /// Behind which the next page begins, if there is one.
    private var rest: HintKey?
    /// To be sent, the next last.
    private var waiting: [Attempt] = []
    private var inFlight: [UInt64: Attempt] = [:]
    private var bytesInFlight = 0
    private var nextNumber: UInt64 = 1
    private var pausedUntil: UInt64 = 0
    private var wakeAt: UInt64?

    /// - Parameters:
    ///   - sends: Whether the target is sent what is kept for it; otherwise only what is too old is dropped.
    ///   - ages: How old hints are.
    public init(limits: Limits, sends: Bool = true, ages: HintAge = HintAge(runBegan: 0)) {
        self.limits = limits
        self.sends = sends
        self.ages = ages
        throttle = Throttle(bytesPerSecond: limits.bytesPerSecond)
    }

    /// Begins. The first event, once.
    public mutating func start(_ actions: inout [Action]) {
        isRunning = true
        readPage(after: nil, &actions)
    }

    /// A page was read.
    ///
    /// - Parameters:
    ///   - hints: Those of its records, in order.
    ///   - last: The key of its last record if there may be more behind it.
    ///   - now: Milliseconds of the runtime's monotonic clock.
    ///   - hintMillis: The time by which hints age.
    public mutating func page(
        _ hints: [Hint], last: HintKey?, now: UInt64, hintMillis: UInt64, _ actions: inout [Action]
    ) {
        guard isRunning, isReading else { return }
        isReading = false
        rest = last
        for hint in hints.reversed() {
            if ages.age(of: hint.createdMillis, at: hintMillis) > limits.maxAgeMillis {
                report.expired += 1
                actions.append(.remove(hint, .expired))
            } else if sends {
                waiting.append(Attempt(hint: hint))
            } else {
                leave(hint)
            }
        }
        goOn(now, &actions)
    }

    /// The target has stored the hint sent under this number.
    public mutating func acked(_ number: UInt64, now: UInt64, _ actions: inout [Action]) {
        guard isRunning, let attempt = land(number) else { return }
        report.delivered += 1
        report.bytes += attempt.hint.byteCount
        actions.append(.remove(attempt.hint, .delivered))
        goOn(now, &actions)
    }

    /// The target has not stored the hint sent under this number, or nobody knows whether it has.
    public mutating func failed(_ number: UInt64, now: UInt64, _ actions: inout [Action]) {
        guard isRunning, var attempt = land(number) else { return }
        attempt.failures += 1
        if attempt.failures < limits.maxAttempts {
            waiting.append(attempt)
        } else {
            report.failed += 1
            leave(attempt.hint)
        }
        pausedUntil = now + limits.retryDelayMillis
        goOn(now, &actions)
    }

    /// A time that `wake` named has come.
    public mutating func tick(now: UInt64, _ actions: inout [Action]) {
        if let wakeAt, wakeAt <= now { self.wakeAt = nil }
        if isRunning { goOn(now, &actions) }
    }

    /// The target is lost, or the hints cannot be read: the pass ends here.
    public mutating func stop(_ actions: inout [Action]) {
        guard isRunning else { return }
        finish(&actions)
    }

    private mutating func readPage(after key: HintKey?, _ actions: inout [Action]) {
        isReading = true
        rest = nil
        actions.append(.readPage(after: key, limit: limits.pageSize))
    }

    private mutating func land(_ number: UInt64) -> Attempt? {
        guard let attempt = inFlight.removeValue(forKey: number) else { return nil }
        bytesInFlight -= attempt.hint.byteCount
        return attempt
    }

    /// The hint stays in the store.
    private mutating func leave(_ hint: Hint) {
        report.oldestLeftMillis = min(report.oldestLeftMillis ?? .max, hint.createdMillis)
    }

    private mutating func goOn(_ now: UInt64, _ actions: inout [Action]) {
        while let next = waiting.last, fits(next.hint) {
            guard pausedUntil <= now else { return wake(at: pausedUntil, &actions) }
            guard throttle.pass(next.hint.byteCount, now: now) else {
                return wake(at: throttle.opensAt, &actions)
            }
            waiting.removeLast()
            inFlight[nextNumber] = next
            bytesInFlight += next.hint.byteCount
            actions.append(.send(nextNumber, next.hint))
            nextNumber += 1
        }
        guard waiting.isEmpty, !isReading else { return }
        if let rest {
            readPage(after: rest, &actions)
        } else if inFlight.isEmpty {
            report.isComplete = true
            finish(&actions)
        }
    }

    private func fits(_ hint: Hint) -> Bool {
        inFlight.isEmpty
            || inFlight.count < limits.maxHintsInFlight
                && bytesInFlight + hint.byteCount <= limits.maxBytesInFlight
    }

    private mutating func wake(at time: UInt64, _ actions: inout [Action]) {
        if let wakeAt, wakeAt <= time { return }
        wakeAt = time
        actions.append(.wake(at: time))
    }

    private mutating func finish(_ actions: inout [Action]) {
        isRunning = false
        waiting = []
        inFlight = [:]
        actions.append(.finished(report))
    }
}

/// What a pass over the hints for one target did. Exact.
public struct HandoffReport: Equatable, Sendable {
    /// Hints that the target acknowledged, and their bytes.
    public var delivered = 0
    public var bytes = 0
    /// Hints that failed as often as they may; the next pass tries them again.
    public var failed = 0
    /// Hints that were too old.
    public var expired = 0
    /// Whether the pass came to the end of the hints.
    public var isComplete = false
    /// When the oldest hint that the pass left in the store came; nil if it left none.
    public var oldestLeftMillis: UInt64?

    public init() {}
}
