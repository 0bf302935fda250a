/// When a value that is written expires: from then on it counts as deleted.
public enum Expiry: Equatable, Sendable {
    /// After the time to live of its bucket, if that has one.
    case byBucket
    case never
    /// So long after its coordinator has taken the write, by the coordinator's clock.
    case after(milliseconds: Int)
    /// At this time, in milliseconds since 1970. One that is past deletes what was there.
    case at(milliseconds: UInt64)

    /// - Parameter ttlSeconds: How long the value lives; 0 for ever, nil as its bucket has it.
    public init(ttlSeconds: Int?) {
        switch ttlSeconds {
        case nil: self = .byBucket
        case 0: self = .never
        case let seconds?:
            let (milliseconds, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000)
            self = .after(milliseconds: isTooLong ? .max : milliseconds)
        }
    }

    /// The time as a sibling has it: 0 for never.
    ///
    /// - Parameters:
    ///   - now: Milliseconds since 1970.
    ///   - properties: Of the bucket.
    public func time(from now: UInt64, _ properties: BucketProperties) -> UInt64 {
        switch self {
        case .byBucket:
            properties.ttlSeconds == 0 ? 0 : now + UInt64(properties.ttlSeconds) * 1_000
        case .never: 0
        case .after(let milliseconds): now + UInt64(milliseconds)
        // 0 would be never.
        case .at(let milliseconds): max(milliseconds, 1)
        }
    }
}
