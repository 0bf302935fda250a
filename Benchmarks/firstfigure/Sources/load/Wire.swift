/// What a run consists of.
enum Workload: String {
    case put
    case get
    /// On each connection in turn, a put and a get: of the key put last on it, or of one below `below`.
    case mixed
}

/// What one operation is: a put of a key that has no value yet, or a get of one that has.
enum Operation: String {
    case put
    case get
}

/// How an operation ended that has a reply.
enum Outcome {
    case done
    /// A get found no value.
    case absent
    /// A get found more than one value.
    case siblings
    /// An error, in the server's words.
    case failed(String)
}

/// Why a connection can't go on.
struct WireError: Error, CustomStringConvertible {
    /// Whether the server is gone or has ended the connection; false for what no server should send.
    var isBroken = false
    var description: String
}

/// One connection's protocol, as a pure function of the bytes: the connection does the reading and writing.
protocol Wire {
    /// What is sent before the first operation.
    mutating func opening(port: UInt16) -> [UInt8]

    /// Appends the operation to what is sent, or answers false if the other side does not allow it yet.
    mutating func append(_ operation: Operation, key: [UInt8], value: [UInt8], to output: inout [UInt8])
        -> Bool

    /// Takes what has come, and appends what must be sent in answer.
    ///
    /// - Returns: How many bytes of `input` were used up, and the outcomes of the operations that have ended.
    mutating func receive(
        _ input: ArraySlice<UInt8>, reply output: inout [UInt8]
    ) throws(WireError) -> (used: Int, outcomes: [Outcome])
}

extension [UInt8] {
    mutating func append(bigEndian value: UInt32) {
        for shift in stride(from: 24, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
        }
    }
}
