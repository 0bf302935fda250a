/// What the node takes from outside of itself: time and chance. A simulator provides its own.
public struct Environment: Sendable {
    /// Nanoseconds since 1970 by the wall clock. May jump either way.
    public var wallNanoseconds: @Sendable () -> UInt64
    /// A number that no other node and no other call is likely to get.
    public var randomIdentifier: @Sendable () -> UInt64
    /// Names the machine's current boot: as long as it is the same, what was written before a crash is still there.
    public var bootID: String
    /// Names the place where the engine's data lies: a copy of the data has another.
    public var dataID: String

    public init(
        bootID: String, dataID: String, wallNanoseconds: @escaping @Sendable () -> UInt64,
        randomIdentifier: @escaping @Sendable () -> UInt64 = { .random(in: 1 ... .max) }
    ) {
        self.bootID = bootID
        self.dataID = dataID
        self.wallNanoseconds = wallNanoseconds
        self.randomIdentifier = randomIdentifier
    }

    /// With a wall clock that tells no less than milliseconds.
    public init(
        bootID: String, dataID: String, wallMillis: @escaping @Sendable () -> UInt64,
        randomIdentifier: @escaping @Sendable () -> UInt64 = { .random(in: 1 ... .max) }
    ) {
        self.init(
            bootID: bootID, dataID: dataID, wallNanoseconds: { wallMillis() * 1_000_000 },
            randomIdentifier: randomIdentifier)
    }

    /// Milliseconds since 1970 by the wall clock.
    public func wallMillis() -> UInt64 { wallNanoseconds() / 1_000_000 }
}
