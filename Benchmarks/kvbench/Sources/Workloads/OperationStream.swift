/// One operation that a client is to ask for.
public struct Operation: Hashable, Sendable {
    /// What is asked for.
    public let kind: OperationKind
    /// The number of the record, or of the first that a scan asks for. Nil for an insert: its number is the caller's
    /// to give, as only the caller knows what other clients insert.
    public let record: Int?
    /// How many records a scan asks for; 0 for what is no scan.
    public let scanLength: Int
}

/// The operations of one client, without end. They follow from the workload, the seed, the client's index and the
/// numbers of records that are passed.
public struct OperationStream: Sendable {
    private let mix: Mix
    private let scanLengths: Sizes
    private var keys: KeyChooser
    private var random: SplitMix64

    /// - Parameters:
    ///   - workload: What is asked for.
    ///   - records: How many there are at the beginning; the same for all clients, which then share the hot ones.
    ///   - seed: Of the run.
    ///   - client: Which of all clients it is: each has its own random numbers.
    public init(workload: Workload, records: Int, seed: UInt64, client: Int) {
        mix = workload.mix
        scanLengths = workload.scanLengths
        keys = KeyChooser(workload.keys, records: records)
        random = SplitMix64(seed: seed, stream: client)
    }

    /// The next operation. Does not allocate.
    ///
    /// - Parameter recordCount: How many records have been inserted by now, those of the beginning included: never
    ///   fewer than at the beginning, and at least one unless an insert is all that may come. All numbers below it
    ///   may be drawn.
    public mutating func next(recordCount: Int) -> Operation {
        let kind = mix.kind(using: &random)
        switch kind {
        case .insert: return Operation(kind: kind, record: nil, scanLength: 0)
        case .scan:
            return Operation(
                kind: kind, record: keys.next(recordCount: recordCount, using: &random),
                scanLength: scanLengths.draw(using: &random))
        case .read, .update, .modify, .delete:
            return Operation(
                kind: kind, record: keys.next(recordCount: recordCount, using: &random), scanLength: 0)
        }
    }
}
