/// HTTP/1.1 on a kept connection: `/v1/buckets/BUCKET/keys/KEY`.
public struct HTTPWire: Wire {
    private let bucket: String
    private var target: [UInt8] = []
    private var host: [UInt8] = []
    private var kinds = Queue<Request.Kind>()
    private var ended: UInt64 = 0

    public init(bucket: String) { self.bucket = bucket }

    public mutating func opening(server: String) -> [UInt8] {
        target = Array(" /v1/buckets/\(bucket)/keys".utf8)
        host = Array(" HTTP/1.1\r\nHost: \(server)\r\n".utf8)
        return []
    }

    public mutating func append(_ request: Request, to output: inout [UInt8]) -> Bool {
        kinds.append(request.kind)
        let method: StaticString =
            switch request.kind {
            case .read, .list: "GET"
            case .write: "PUT"
            case .delete: "DELETE"
            }
        method.withUTF8Buffer { output += $0 }
        output += target
        if request.kind == .list {
            output += "?limit=\(request.limit)&prefix=".utf8
        } else {
            output.append(UInt8(ascii: "/"))
        }
        output += request.key
        output += host
        if !request.context.isEmpty {
            output += "X-Kvnode-Context: ".utf8
            output += request.context
            output += "\r\n".utf8
        }
        if request.kind == .write {
            output += "Content-Length: \(request.value.count)\r\n".utf8
        }
        output += "\r\n".utf8
        output += request.value
        return true
    }

    public mutating func receive(
        _ input: ArraySlice<UInt8>, reply output: inout [UInt8], _ ended: (UInt64, Outcome) -> Void
    ) throws(WireError) -> Int {
        var rest = input
        while let end = Self.endOfHead(rest) {
            let head = rest[rest.startIndex..<end]
            guard head.count > 12, head.starts(with: "HTTP/".utf8),
                let status = Int(String(decoding: head.dropFirst(9).prefix(3), as: UTF8.self))
            else { throw WireError("not an HTTP reply") }
            let length = status == 204 ? 0 : try Self.contentLength(head)
            guard rest.endIndex - end >= length else { break }
            guard let kind = kinds.first else { throw WireError("more replies than operations") }
            kinds.removeFirst()
            ended(self.ended, Self.outcome(kind, status, head, rest[end..<end + length]))
            self.ended += 1
            rest = rest[(end + length)...]
        }
        return rest.startIndex - input.startIndex
    }

    private static func outcome(
        _ kind: Request.Kind, _ status: Int, _ head: ArraySlice<UInt8>, _ body: ArraySlice<UInt8>
    ) -> Outcome {
        switch (kind, status) {
        case (.write, 204), (.delete, 204), (.list, 200): .done
        case (.read, 200): .found(values: 1, context: context(head))
        // How many they are doesn't matter to who replaces them all.
        case (.read, 300): .found(values: 2, context: context(head))
        case (.read, 404): .found(values: 0, context: context(head))
        default: .failed("\(status) \(String(decoding: body, as: UTF8.self))")
        }
    }

    private static func endOfHead(_ input: ArraySlice<UInt8>) -> Int? {
        let newline = UInt8(ascii: "\n")
        var index = input.startIndex + 3
        while index < input.endIndex {
            if input[index] == newline, input[index - 2] == newline { return index + 1 }
            index += 1
        }
        return nil
    }

    private static let lengthName = Array("content-length:".utf8)
    private static let contextName = Array("x-kvnode-context:".utf8)

    private static func contentLength(_ head: ArraySlice<UInt8>) throws(WireError) -> Int {
        let digits = field(lengthName, head).map { String(decoding: $0, as: UTF8.self) }
        guard let length = digits.flatMap({ Int($0) }), length >= 0 else {
            throw WireError("a reply without Content-Length")
        }
        return length
    }

    private static func context(_ head: ArraySlice<UInt8>) -> [UInt8] {
        field(contextName, head).map { Array($0) } ?? []
    }

    /// - Parameter name: In lower case, with its colon.
    private static func field(_ name: [UInt8], _ head: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var start = head.startIndex
        while let end = head[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = head[start..<end]
            start = end + 1
            guard line.count > name.count else { continue }
            // Only letters change by it, as far as these names go.
            let isIt = zip(line, name).allSatisfy { $0 == $1 || $0 | 0x20 == $1 }
            if isIt { return line.dropFirst(name.count).drop { $0 == 0x20 }.dropLast() }
        }
        return nil
    }
}
