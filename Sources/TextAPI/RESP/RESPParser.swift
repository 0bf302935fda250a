import NIOCore

/// Cuts what a client sends into commands, as Redis's serialization protocol has them: an array of bulk strings, or one
/// line of words ("inline"). The same for every version of the protocol.
///
/// It finds arguments and copies none: `argument` gives the bytes where they lie, until the next call of `append` or
/// `next`. A command whose end has not come is not looked at again from its beginning when more comes.
///
/// What is wrong, and in which words, is Redis's: clients show it to their users.
struct RESPParser {
    struct Limits: Sendable {
        /// Arguments of a command, its name included.
        var maxArguments = 1 << 20
        /// Bytes of one argument.
        var maxArgumentBytes = 64 << 20
        /// Bytes of all arguments of a command.
        var maxCommandBytes = 128 << 20
        /// Bytes of a line: of an inline command, or one that says how long something is.
        var maxLineBytes = 64 << 10

        /// For a client that has not said who it is, where it has to: enough for that, and for nothing that takes room.
        var ofStrangers: Limits {
            var limits = self
            limits.maxArguments = min(maxArguments, 16)
            limits.maxArgumentBytes = min(maxArgumentBytes, 16 << 10)
            return limits
        }
    }

    private enum State {
        case start
        /// So many arguments of an array are still to come; `length` is that of the next, if it is known.
        case array(left: Int, length: Int?)
    }

    /// Places that are kept for the arguments of the next command.
    private static let argumentsKept = 1024

    /// Of commands that have not begun to be found.
    var limits: Limits
    /// Begins with the command that is being found, or was found last.
    private var buffer = ByteBuffer()
    /// The words of an inline command, whose escapes are resolved.
    private var words = ByteBuffer()
    private var isInline = false
    private var state = State.start
    /// Up to where `buffer` is understood.
    private var place = 0
    /// Bytes behind it among which no line ends.
    private var searchedBytes = 0
    /// Where the arguments lie in `buffer`, or in `words`.
    private var arguments: [Range<Int>] = []
    private var argumentBytes = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Of what has come and is not understood yet; with the command that was found last, if `next` has not been called since.
    var byteCount: Int { buffer.readableBytes }

    /// How many arguments the command has that `next` found, its name included; at least one.
    var count: Int { arguments.count }

    /// An argument of that command, in place; 0 is its name.
    func argument(_ index: Int) -> ByteBufferView {
        let range = arguments[index]
        return (isInline ? words : buffer).viewBytes(at: range.lowerBound, length: range.count)!
    }

    /// Takes in what has come. The command found last is gone then.
    mutating func append(_ bytes: ByteBuffer) {
        forget()
        if buffer.readableBytes == 0 {
            buffer = bytes
            place = buffer.readerIndex
        } else {
            var bytes = bytes
            buffer.writeBuffer(&bytes)
        }
    }

    /// Finds the next command; false if it has not come to its end yet.
    ///
    /// - Throws: What the client did wrong. Nothing that follows can be understood then.
    mutating func next() throws(RESPProtocolError) -> Bool {
        if case .start = state { forget() }
        while true {
            switch state {
            case .start:
                guard let first = buffer.getInteger(at: place, as: UInt8.self) else { return false }
                guard first == UInt8(ascii: "*") else {
                    guard let isCommand = try nextLine() else { return false }
                    if isCommand { return true }
                    continue
                }
                guard let line = try line(tooLong: .longArrayHeader) else { return false }
                guard let count = RESPNumber.parse(line.dropFirst()), count <= limits.maxArguments else {
                    throw .badArrayLength
                }
                // An array of nothing is no command.
                if count > 0 { state = .array(left: count, length: nil) } else { forget() }
            case .array(let left, nil):
                guard let first = buffer.getInteger(at: place, as: UInt8.self) else { return false }
                guard first == UInt8(ascii: "$") else { throw .notABulkString(first) }
                guard let line = try line(tooLong: .longBulkHeader) else { return false }
                guard let length = RESPNumber.parse(line.dropFirst()), length >= 0,
                    length <= limits.maxArgumentBytes, length <= limits.maxCommandBytes - argumentBytes
                else { throw .badBulkLength }
                state = .array(left: left, length: length)
            case .array(let left, let length?):
                guard buffer.writerIndex - place >= length + 2 else { return false }
                arguments.append(place..<place + length)
                argumentBytes += length
                place += length + 2
                state = left == 1 ? .start : .array(left: left - 1, length: nil)
                if left == 1 { return true }
            }
        }
    }

    /// Lets go of the command that was found.
    private mutating func forget() {
        guard case .start = state else { return }
        arguments.removeAll(keepingCapacity: arguments.capacity <= Self.argumentsKept)
        argumentBytes = 0
        isInline = false
        buffer.moveReaderIndex(to: place)
        if buffer.readableBytes == 0 {
            // What was read into it belongs to the channel, which uses it again.
            buffer = ByteBuffer()
        } else if buffer.readerIndex > buffer.capacity / 2 {
            buffer.discardReadBytes()
        }
        place = buffer.readerIndex
    }

    /// A line from `place` on, without its end, behind which `place` is then; nil if its end has not come.
    private mutating func line(
        tooLong error: RESPProtocolError
    ) throws(RESPProtocolError) -> ByteBufferView? {
        let rest = buffer.viewBytes(at: place, length: buffer.writerIndex - place)!
        guard let end = rest.dropFirst(searchedBytes).firstIndex(of: UInt8(ascii: "\n")) else {
            if rest.count > limits.maxLineBytes { throw error }
            searchedBytes = rest.count
            return nil
        }
        searchedBytes = 0
        if end - place > limits.maxLineBytes { throw error }
        let line = rest[place..<end]
        place = end + 1
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    /// Finds an inline command; false if the line has no words, nil if its end has not come.
    private mutating func nextLine() throws(RESPProtocolError) -> Bool? {
        guard let line = try line(tooLong: .longInlineCommand) else { return nil }
        words.clear()
        guard InlineWords.split(line, into: &words, &arguments) else { throw .unbalancedQuotes }
        if arguments.isEmpty {
            forget()
            return false
        }
        isInline = true
        return true
    }
}

/// What a client sent that is no command. The connection ends with it.
enum RESPProtocolError: Error, Equatable {
    case badArrayLength
    case badBulkLength
    case notABulkString(UInt8)
    case longArrayHeader
    case longBulkHeader
    case longInlineCommand
    case unbalancedQuotes

    /// As it is answered, behind "ERR ".
    var message: String {
        let mistake =
            switch self {
            case .badArrayLength: "invalid multibulk length"
            case .badBulkLength: "invalid bulk length"
            case .notABulkString(let byte): "expected '$', got '\(Self.printable(byte))'"
            case .longArrayHeader: "too big mbulk count string"
            case .longBulkHeader: "too big bulk count string"
            case .longInlineCommand: "too big inline request"
            case .unbalancedQuotes: "unbalanced quotes in request"
            }
        return "Protocol error: " + mistake
    }

    private static func printable(_ byte: UInt8) -> Character {
        (0x20...0x7e).contains(byte) ? Character(UnicodeScalar(byte)) : "?"
    }
}
