/// HTTP/1.1 on a kept connection: `PUT` and `GET /v1/buckets/bench/keys/KEY`.
struct HTTPWire: Wire {
    private var host: [UInt8] = []
    private var expected = Operation.put

    mutating func opening(port: UInt16) -> [UInt8] {
        host = Array(" HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n".utf8)
        return []
    }

    mutating func append(_ operation: Operation, key: [UInt8], value: [UInt8], to output: inout [UInt8])
        -> Bool
    {
        expected = operation
        output += (operation == .put ? "PUT" : "GET").utf8
        output += " /v1/buckets/bench/keys/".utf8
        output += key
        output += host
        if operation == .put {
            output += "Content-Length: \(value.count)\r\n\r\n".utf8
            output += value
        } else {
            output += "\r\n".utf8
        }
        return true
    }

    mutating func receive(
        _ input: ArraySlice<UInt8>, reply output: inout [UInt8]
    ) throws(WireError) -> (used: Int, outcomes: [Outcome]) {
        guard let end = Self.endOfHead(input) else { return (0, []) }
        let head = input[input.startIndex..<end]
        guard head.count > 12, let status = Int(String(decoding: head.dropFirst(9).prefix(3), as: UTF8.self))
        else {
            throw WireError(description: "not an HTTP reply")
        }
        let total = (end - input.startIndex) + (status == 204 ? 0 : try Self.contentLength(head))
        guard input.count >= total else { return (0, []) }
        return (total, [outcome(status, input[end..<(input.startIndex + total)])])
    }

    private func outcome(_ status: Int, _ body: ArraySlice<UInt8>) -> Outcome {
        switch (expected, status) {
        case (.put, 204), (.get, 200): .done
        case (.get, 300): .siblings
        case (.get, 404): .absent
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

    private static func contentLength(_ head: ArraySlice<UInt8>) throws(WireError) -> Int {
        for line in head.split(separator: UInt8(ascii: "\n")) where line.count > lengthName.count {
            let name = line.prefix(lengthName.count).map { $0 | 0x20 }
            guard zip(name, lengthName).allSatisfy({ $0 == $1 | 0x20 }) else { continue }
            let digits = line.dropFirst(lengthName.count).filter { (0x30...0x39).contains($0) }
            if let length = Int(String(decoding: digits, as: UTF8.self)) { return length }
        }
        throw WireError(description: "a reply without Content-Length")
    }
}
