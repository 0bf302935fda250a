/// Redis's protocol, version 2: `GET` and `SET`, or with contexts `KV.GET` and `KV.PUT`.
public struct RESPWire: Wire {
    /// What a write is.
    public enum Writing: Sendable {
        /// `SET`, and `GET` to read.
        case plain
        /// `SET` with `WAIT 1` in one pipeline, which Redis needs for a second copy.
        case confirmed
        /// `KV.PUT` with a context, and `KV.GET` to read: all siblings.
        case causal
    }

    private let writing: Writing
    /// What `KV.BUCKET` chooses; nil for a server that has none.
    private let bucket: String?
    /// Replies that are no operation's: that of `KV.BUCKET`.
    private var unasked = 0
    /// Of the operations that have not ended.
    private var kinds = Queue<Request.Kind>()
    private var ended: UInt64 = 0
    /// Whether the reply that comes next is that of `WAIT`, and what was said to the `SET` before it, if that was refused.
    private var isWaiting = false
    private var refusal: String?

    public init(_ writing: Writing, bucket: String?) {
        self.writing = writing
        self.bucket = bucket
    }

    public mutating func opening(server: String) -> [UInt8] {
        var output: [UInt8] = []
        if let bucket {
            unasked = 1
            Self.array(2, &output)
            Self.bulk("KV.BUCKET".utf8, &output)
            Self.bulk(bucket.utf8, &output)
        }
        return output
    }

    public mutating func append(_ request: Request, to output: inout [UInt8]) -> Bool {
        kinds.append(request.kind)
        switch (request.kind, writing) {
        case (.read, .causal): Self.command("KV.GET", request.key, &output)
        case (.read, _): Self.command("GET", request.key, &output)
        case (.delete, _): Self.command("DEL", request.key, &output)
        case (.write, .causal):
            Self.array(4, &output)
            Self.bulk("KV.PUT".utf8, &output)
            Self.bulk(request.key, &output)
            Self.bulk(request.context, &output)
            Self.bulk(request.value, &output)
        case (.write, _):
            Self.array(3, &output)
            Self.bulk("SET".utf8, &output)
            Self.bulk(request.key, &output)
            Self.bulk(request.value, &output)
            if writing == .confirmed { output += "*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$4\r\n1000\r\n".utf8 }
        case (.list, _):
            Self.array(6, &output)
            Self.bulk("SCAN".utf8, &output)
            Self.bulk("0".utf8, &output)
            Self.bulk("MATCH".utf8, &output)
            Self.bulk(request.key + [UInt8(ascii: "*")], &output)
            Self.bulk("COUNT".utf8, &output)
            Self.bulk(String(request.limit).utf8, &output)
        }
        return true
    }

    public mutating func receive(
        _ input: ArraySlice<UInt8>, reply output: inout [UInt8], _ ended: (UInt64, Outcome) -> Void
    ) throws(WireError) -> Int {
        var place = input.startIndex
        while let reply = try RESPReply.parse(input, &place) {
            if unasked > 0 {
                unasked -= 1
                if case .error(let words) = reply { throw WireError(words) }
            } else {
                try take(reply, ended)
            }
        }
        return place - input.startIndex
    }

    private mutating func take(_ reply: RESPReply, _ ended: (UInt64, Outcome) -> Void) throws(WireError) {
        guard let kind = kinds.first else { throw WireError("more replies than operations") }
        if writing == .confirmed, kind == .write, !isWaiting {
            if case .error(let words) = reply { refusal = words }
            isWaiting = true
            return
        }
        let outcome: Outcome =
            switch (reply, kind) {
            case _ where refusal != nil: .failed(refusal!)
            case (.error(let words), _): .failed(words)
            case (.integer(let copies), .write) where isWaiting && copies < 1:
                .failed("WAIT: no replica confirmed the write")
            case (.null, .read): .found(values: 0, context: [])
            case (.bulk, .read): .found(values: 1, context: [])
            case (.array(let first, let values?), .read) where writing == .causal:
                .found(values: values, context: Array(first))
            default: .done
            }
        (isWaiting, refusal) = (false, nil)
        kinds.removeFirst()
        ended(self.ended, outcome)
        self.ended += 1
    }

    private static func command(_ name: StaticString, _ key: [UInt8], _ output: inout [UInt8]) {
        array(2, &output)
        name.withUTF8Buffer { bulk($0, &output) }
        bulk(key, &output)
    }

    private static func array(_ count: Int, _ output: inout [UInt8]) {
        output.append(UInt8(ascii: "*"))
        output += String(count).utf8
        output += "\r\n".utf8
    }

    private static func bulk(_ bytes: some Collection<UInt8>, _ output: inout [UInt8]) {
        output.append(UInt8(ascii: "$"))
        output += String(bytes.count).utf8
        output += "\r\n".utf8
        output += bytes
        output += "\r\n".utf8
    }
}

/// As much of a reply as matters here.
enum RESPReply {
    case simple
    case error(String)
    case integer(Int)
    case null
    case bulk
    /// The bytes of the first element if it is a string, and how many elements the last one has if it is an array itself.
    case array(first: ArraySlice<UInt8>, countOfLast: Int?)

    /// The reply that begins at `place`, behind which `place` is then; nil if it has not come to its end.
    static func parse(_ input: ArraySlice<UInt8>, _ place: inout Int) throws(WireError) -> RESPReply? {
        var end = place
        guard let parsed = try parse(input, &end, depth: 0) else { return nil }
        place = end
        return parsed.reply
    }

    /// A reply, its bytes if it is a string, and how many elements it has if it is an array.
    private typealias Parsed = (reply: RESPReply, bytes: ArraySlice<UInt8>, count: Int?)

    private static func parse(
        _ input: ArraySlice<UInt8>, _ place: inout Int, depth: Int
    ) throws(WireError) -> Parsed? {
        guard let line = try line(input, &place) else { return nil }
        guard let kind = line.first else { throw WireError("an empty line in place of a reply") }
        switch kind {
        case UInt8(ascii: "+"): return (.simple, [], nil)
        case UInt8(ascii: "-"): return (.error(String(decoding: line.dropFirst(), as: UTF8.self)), [], nil)
        case UInt8(ascii: ":"): return (.integer(try number(line)), [], nil)
        case UInt8(ascii: "$"):
            let count = try number(line)
            if count < 0 { return (.null, [], nil) }
            guard input.endIndex - place >= count + 2 else { return nil }
            let bytes = input[place..<place + count]
            place += count + 2
            return (.bulk, bytes, nil)
        case UInt8(ascii: "*"): return try elements(of: try number(line), input, &place, depth)
        default: throw WireError("not a reply of Redis's protocol")
        }
    }

    private static func elements(
        of count: Int, _ input: ArraySlice<UInt8>, _ place: inout Int, _ depth: Int
    ) throws(WireError) -> Parsed? {
        guard depth < 4 else { throw WireError("arrays nested too deep") }
        if count < 0 { return (.null, [], nil) }
        var first: ArraySlice<UInt8> = []
        var last: Int?
        for index in 0..<count {
            guard let element = try parse(input, &place, depth: depth + 1) else { return nil }
            if index == 0 { first = element.bytes }
            last = element.count
        }
        return (.array(first: first, countOfLast: last), [], count)
    }

    private static func line(
        _ input: ArraySlice<UInt8>, _ place: inout Int
    ) throws(WireError) -> ArraySlice<UInt8>? {
        guard let end = input[place...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        guard end > place, input[end - 1] == UInt8(ascii: "\r") else {
            throw WireError("a line of a reply ends without a carriage return")
        }
        defer { place = end + 1 }
        return input[place..<end - 1]
    }

    private static func number(_ line: ArraySlice<UInt8>) throws(WireError) -> Int {
        var value = 0
        let isNegative = line.dropFirst().first == UInt8(ascii: "-")
        for byte in line.dropFirst(isNegative ? 2 : 1) {
            guard (0x30...0x39).contains(byte), value < 1 << 50 else {
                throw WireError("a bad number in a reply")
            }
            value = value * 10 + Int(byte - 0x30)
        }
        return isNegative ? -value : value
    }
}
