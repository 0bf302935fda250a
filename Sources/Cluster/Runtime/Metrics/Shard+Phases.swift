import NIOCore

extension Shard {
    /// One operation in so many has its phases timed: the time of each would be felt.
    private static let operationsBySample: UInt64 = 16

    /// A phase of an operation has ended.
    func ended(_ phase: RequestMeter.Phase, of id: UInt64, _ attempt: Attempt) {
        // Above the low byte, identifiers count up.
        guard (id >> 8) % Self.operationsBySample == 0 else { return }
        meter.ended(phase, nanoseconds: (now - attempt.begun).nanoseconds)
    }
}
