/// What the client of S3 takes from the process it runs in, and tests have their own of.
public struct AWSEnvironment: Sendable {
    /// Of the environment: region and credentials may be there.
    public var variables: [String: String]
    /// In seconds since 1970.
    public var now: @Sendable () -> Double
    /// In 0..<1, for pauses between attempts.
    public var random: @Sendable () -> Double
    /// Throws if the task is cancelled, and nothing else.
    public var sleep: @Sendable (Duration) async throws -> Void

    public init(
        variables: [String: String],
        now: @escaping @Sendable () -> Double = WallClock.now,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.variables = variables
        self.now = now
        self.random = random
        self.sleep = sleep
    }

    /// - Returns: nil if it is not set, or to nothing.
    subscript(name: String) -> String? {
        guard let value = variables[name], !value.isEmpty else { return nil }
        return value
    }

    /// Where AWS's tools would look for the region.
    var region: String? { self["AWS_REGION"] ?? self["AWS_DEFAULT_REGION"] }

    /// Where they would look for the authorities that vouch for servers: a file of PEM; nil: the system's.
    var authorities: String? { self["AWS_CA_BUNDLE"] }
}
