import ClusterCore
import GRPCCore
import ProtoWire
import TextAPI

// Encodes the core's responses as the messages of proto/kvnode/v1/kvnode.proto. The numbers are field
// numbers; each `size` counts exactly what its `write` appends.

extension ProtoWriter {
    /// The message, or an Error if the response is a failure.
    mutating func body(_ response: Response, as message: ReplyMessage) {
        switch response {
        case .read(let reading) where message == .getData: data(reading)
        case .read(let reading):
            uint(1, reading.siblings.isEmpty ? 0 : 1)
            for sibling in reading.siblings { self.sibling(2, sibling) }
            byteArray(3, reading.context)
        case .written(let reading):
            byteArray(1, reading.context)
            for sibling in reading.siblings { self.sibling(2, sibling) }
        case .updated(.count(let count)): member(1, UInt64(max(0, count)))
        case .updated(.number(let number)): string(2, number.text)
        case .listed(let listing):
            for key in listing.keys { element(1, key) }
            byteArray(2, listing.cursor ?? [])
        case .failed(let error):
            uint(1, UInt64(error.code.grpcCode.rawValue))
            string(2, error.message)
            string(3, error.code.reason)
            uint(4, UInt64(max(0, error.replicasAnswered)))
            uint(5, UInt64(max(0, error.replicasNeeded)))
        }
    }

    private mutating func sibling(_ field: UInt64, _ sibling: Sibling) {
        // Readings hold live values only, so a tombstone can't come here; it would look like an empty value.
        let (value, contentType) = sibling.content.parts
        header(field, size: ProtoSize.sibling(sibling))
        byteArray(1, value)
        string(2, contentType)
        uint(3, sibling.timestamp.milliseconds)
        header(4, size: ProtoSize.dot(sibling.dot))
        fixed64(1, sibling.dot.actor)
        uint(2, sibling.dot.counter)
        uint(5, sibling.expiresAt)
    }

    /// A SessionResult, as one element of SessionResponse.results: elements written one after the other are a
    /// SessionResponse.
    mutating func sessionResult(id: UInt64, _ response: Response, as message: ReplyMessage) {
        let bodySize = ProtoSize.body(response, as: message)
        let size = ProtoSize.uint(id) + ProtoSize.message(bodySize)
        reserve(2 * ProtoSize.message(size))
        header(1, size: size)
        uint(1, id)
        if case .failed = response {
            header(6, size: bodySize)
        } else {
            header(message.rawValue, size: bodySize)
        }
        body(response, as: message)
    }

    /// A BatchGetResult or BatchPutResult, as one element of the reply's results.
    mutating func batchResult(_ response: Response, as message: ReplyMessage) {
        let bodySize = ProtoSize.body(response, as: message)
        header(1, size: ProtoSize.message(bodySize))
        if case .failed = response { header(2, size: bodySize) } else { header(1, size: bodySize) }
        body(response, as: message)
    }
}

extension ProtoSize {
    static func body(_ response: Response, as message: ReplyMessage) -> Int {
        switch response {
        case .read(let reading) where message == .getData: return data(reading)
        case .read(let reading):
            return (reading.siblings.isEmpty ? 0 : 2) + siblings(reading) + byteArray(reading.context.count)
        case .written(let reading):
            return siblings(reading) + byteArray(reading.context.count)
        case .updated(.count(let count)): return member(UInt64(max(0, count)))
        case .updated(.number(let number)): return byteArray(number.text.utf8.count)
        case .listed(let listing):
            return listing.keys.reduce(byteArray(listing.cursor?.count ?? 0)) { $0 + Self.message($1.count) }
        case .failed(let error):
            return uint(UInt64(error.code.grpcCode.rawValue)) + byteArray(error.message.utf8.count)
                + byteArray(error.code.reason.utf8.count) + uint(UInt64(max(0, error.replicasAnswered)))
                + uint(UInt64(max(0, error.replicasNeeded)))
        }
    }

    private static func siblings(_ reading: Reading) -> Int {
        reading.siblings.reduce(0) { $0 + message(sibling($1)) }
    }

    static func sibling(_ sibling: Sibling) -> Int {
        let (value, contentType) = sibling.content.parts
        return byteArray(value.count) + byteArray(contentType.utf8.count)
            + uint(sibling.timestamp.milliseconds)
            + message(dot(sibling.dot)) + uint(sibling.expiresAt)
    }

    static func dot(_ dot: Dot) -> Int { fixed64(dot.actor) + uint(dot.counter) }
}
