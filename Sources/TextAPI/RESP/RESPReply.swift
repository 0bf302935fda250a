/// A reply, before it is known by which version of the protocol it goes out.
enum RESPReply: Equatable {
    /// A status; at most 15 bytes need no allocation.
    case simple(String)
    case error(String, code: String = "ERR")
    case integer(Int)
    case bulk([UInt8])
    /// For people to read.
    case text(String)
    case null
    case array([RESPReply])
    /// In no order, each once.
    case set([RESPReply])
    /// Keys, each with its value.
    case map([(RESPReply, RESPReply)])

    static let ok = RESPReply.simple("OK")

    /// Nil if it is no error.
    var errorMessage: String? { if case .error(let message, _) = self { message } else { nil } }

    static func bulk(_ text: String) -> RESPReply { .bulk(Array(text.utf8)) }

    static func == (a: RESPReply, b: RESPReply) -> Bool {
        switch (a, b) {
        case (.simple(let a), .simple(let b)): a == b
        case (.error(let a, let codeOfA), .error(let b, let codeOfB)): a == b && codeOfA == codeOfB
        case (.integer(let a), .integer(let b)): a == b
        case (.bulk(let a), .bulk(let b)): a == b
        case (.text(let a), .text(let b)): a == b
        case (.null, .null): true
        case (.array(let a), .array(let b)), (.set(let a), .set(let b)): a == b
        case (.map(let a), .map(let b)): a.count == b.count && zip(a, b).allSatisfy { $0 == $1 }
        default: false
        }
    }
}

extension RESPWriter {
    mutating func write(_ reply: RESPReply) {
        switch reply {
        case .simple(let text): simple(text)
        case .error(let message, let code): error(message, code: code)
        case .integer(let value): integer(value)
        case .bulk(let bytes): bulk(bytes)
        case .text(let string): text(string)
        case .null: null()
        case .array(let elements):
            array(elements.count)
            for element in elements { write(element) }
        case .set(let elements):
            set(elements.count)
            for element in elements { write(element) }
        case .map(let pairs):
            map(pairs.count)
            for (key, value) in pairs {
                write(key)
                write(value)
            }
        }
    }
}
