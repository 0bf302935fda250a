import ArgumentParser
import Foundation
import KVNodeClient

/// A reading as the command line prints it.
struct SiblingOutput: Encodable {
    struct Sibling: Encodable {
        var value: Data
        var contentType: String
        var timestamp: UInt64
        var dot: String
        var expires: UInt64?

        enum CodingKeys: String, CodingKey {
            case value, timestamp, dot, expires
            case contentType = "content_type"
        }

        init(_ sibling: KVNodeStore.Sibling) {
            value = sibling.value
            contentType = sibling.contentType
            timestamp = sibling.timestampMillis
            let actor = String(sibling.dot.actor, radix: 16)
            dot = String(repeating: "0", count: 16 - actor.count) + actor + ":\(sibling.dot.counter)"
            expires = sibling.expiresAtMillis
        }

        /// One line about the value.
        var summary: String {
            let time = LogLine.format(
                seconds: Int(clamping: timestamp / 1000), milliseconds: Int(timestamp % 1000))
            return "\(value.count) bytes, written \(time), dot \(dot)"
                + (contentType.isEmpty ? "" : ", \(contentType)")
        }
    }

    var found: Bool
    var context: Data
    var siblings: [Sibling]

    init(_ reading: KVNodeStore.Reading) {
        found = !reading.siblings.isEmpty
        context = reading.context.bytes
        siblings = reading.siblings.map(Sibling.init)
    }

    /// What the process ends with, or nil for success.
    var exitCode: ExitCode? {
        switch siblings.count {
        case 0: .notFound
        case 1: nil
        default: .siblings
        }
    }

    /// One value as its bytes and nothing else; of several each ends with a newline and is announced on `notes`.
    func write(values: Output, notes: Output) throws(ExitCode) {
        if siblings.isEmpty { notes.write("kvnode: the key has no value\n") }
        if siblings.count == 1 { try values.print([UInt8](siblings[0].value)) }
        guard siblings.count > 1 else { return }
        for (index, sibling) in siblings.enumerated() {
            notes.write("sibling \(index + 1) of \(siblings.count): \(sibling.summary)\n")
            try values.print([UInt8](sibling.value) + [UInt8(ascii: "\n")])
        }
        notes.write("context: \(context.base64EncodedString())\n")
    }
}
