/// What is asked for on a connection.
public struct Request {
    public enum Kind {
        case read
        /// A value in place of what the context has seen; without a context it is one more value, or the latest, as the
        /// bucket has it.
        case write
        case delete
        /// A page of keys that begin with `key`.
        case list
    }

    public var kind: Kind
    public var key: [UInt8]
    public var value: [UInt8]
    /// Of a read of this key; empty for none.
    public var context: [UInt8]
    /// Keys in a page at most.
    public var limit: Int

    public init(
        kind: Kind, key: [UInt8] = [], value: [UInt8] = [], context: [UInt8] = [], limit: Int = 0
    ) {
        self.kind = kind
        self.key = key
        self.value = value
        self.context = context
        self.limit = limit
    }
}

/// How an operation ended that has a reply.
public enum Outcome: Equatable {
    /// A write or a delete is done, or a page of keys is there.
    case done
    /// A read found so many values; none for a key that isn't there. With the context, where the protocol has one.
    case found(values: Int, context: [UInt8])
    /// An error, in the server's words.
    case failed(String)
}

/// Why a connection can't go on.
public struct WireError: Error, CustomStringConvertible {
    /// Whether the server is gone or has ended the connection; false for what no server should send.
    public var isBroken = false
    public var description: String

    public init(isBroken: Bool = false, _ description: String) {
        self.isBroken = isBroken
        self.description = description
    }
}

/// One connection's protocol, as a pure function of the bytes: the connection does the reading and writing.
public protocol Wire {
    /// What is sent before the first operation.
    ///
    /// - Parameter server: host:port.
    mutating func opening(server: String) -> [UInt8]

    /// Appends the operation to what is sent, or answers false if the other side does not allow it yet.
    mutating func append(_ request: Request, to output: inout [UInt8]) -> Bool

    /// Takes what has come, and appends what must be sent in answer.
    ///
    /// - Parameter ended: Called for each operation that has ended, with its number: the first that was appended is 0.
    /// - Returns: How many bytes of `input` were used up.
    mutating func receive(
        _ input: ArraySlice<UInt8>, reply output: inout [UInt8], _ ended: (UInt64, Outcome) -> Void
    ) throws(WireError) -> Int
}
