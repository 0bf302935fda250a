/// Something that takes bytes which nobody vouches for, and what must hold of it whatever they are.
///
/// The same code runs in two places: `Fuzzing`, a package of its own, has libFuzzer make up inputs; `CorpusTests` repeats
/// those that are kept in Tests/Corpora.
struct FuzzTarget: Sendable {
    /// Also that of its folder in Tests/Corpora.
    let name: String
    /// Inputs are at most so long.
    let maxBytes: Int
    /// What an input may take of the heap at a time.
    let heap: HeapAllowance
    /// Holds an input against all claims.
    ///
    /// - Returns: Whether it was taken for what it may be, at least its beginning, and not refused at once.
    /// - Throws: `FuzzFailure` if a claim does not hold.
    let check: @Sendable ([UInt8]) throws -> Bool

    init(
        _ name: String, maxBytes: Int = 4096, heap: HeapAllowance,
        check: @escaping @Sendable ([UInt8]) throws -> Bool
    ) {
        self.name = name
        self.maxBytes = maxBytes
        self.heap = heap
        self.check = check
    }

    static let all: [FuzzTarget] = [
        resp, http, json, grpc, http2, peer, gossip, row, data, meta, context, layout, configuration,
    ]
}

/// So many bytes for each byte of the input, and so many besides, for what is there whatever the input is.
///
/// Both cover all that a check does, not only the decoding: what was decoded is encoded again, compared and decoded once more,
/// and two or three forms of it are there at a time.
struct HeapAllowance: Sendable {
    let perByte: Int
    let base: Int

    func bytes(for input: Int) -> Int { base + perByte * input }
}

/// What was claimed of an input and is not so.
struct FuzzFailure: Error, CustomStringConvertible {
    let description: String
}

func claim(_ isSo: Bool, _ what: @autoclosure () -> String) throws(FuzzFailure) {
    if !isSo { throw FuzzFailure(description: what()) }
}
