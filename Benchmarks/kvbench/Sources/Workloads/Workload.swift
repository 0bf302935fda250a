/// What clients ask for: which operations, and on which records.
public struct Workload: Hashable, Sendable {
    /// As on the command line.
    public let name: String
    /// A sentence for people.
    public let summary: String
    /// How many operations are of each kind.
    public let mix: Mix
    /// Which records are read, changed and deleted, and where scans begin.
    public let keys: KeyDistribution
    /// Bytes of each value; nil for as many as the user says.
    public let valueSize: Int?
    /// Bytes of the value of each record; nil if all have `valueSize`.
    public let valueSizes: Sizes?
    /// How many records a scan asks for.
    public let scanLengths: Sizes
    /// Whether concurrent writes of a key are all kept until a client merges them; the latest wins otherwise.
    public let keepsSiblings: Bool
    /// Whether it begins without records.
    public let startsEmpty: Bool

    /// A workload; what isn't said is as in most of them.
    public init(
        name: String, summary: String, mix: Mix, keys: KeyDistribution, valueSize: Int? = nil,
        valueSizes: Sizes? = nil, scanLengths: Sizes = Sizes(1...100), keepsSiblings: Bool = false,
        startsEmpty: Bool = false
    ) {
        precondition(scanLengths.least > 0, "a scan of no records")
        self.name = name
        self.summary = summary
        self.mix = mix
        self.keys = keys
        self.valueSize = valueSize
        self.valueSizes = valueSizes
        self.scanLengths = scanLengths
        self.keepsSiblings = keepsSiblings
        self.startsEmpty = startsEmpty
    }
}
