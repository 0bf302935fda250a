import ArgumentParser
import Foundation
import KVNodeClient

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the keys of a bucket.",
        discussion: """
            Writes one key a line, in an order of the node's own; follows the pages to the end unless --limit is \
            reached. With --json each key is {"key": text}, or {"key_base64": text} if it isn't UTF-8.

            Example: kvnode list --bucket carts --prefix al

            \(ExitCode.clientDiscussion)
            """)

    @OptionGroup var options: ClientOptions

    @Option(name: .long, help: "Only the keys that start with this.")
    var prefix = ""

    @Option(name: .long, help: ArgumentHelp("The most keys to list; 0 for all.", valueName: "count"))
    var limit: UInt32 = 0

    func run() async throws {
        let (json, limit) = (options.json, Int(limit))
        let listed = try await ClientSession(options: options).run { store in
            var listed: [ListedKey] = []
            var count = 0
            var cursor: KVNodeStore.Page.Cursor?
            repeat {
                let page = try await store.list(
                    in: options.bucket, prefix: Data(prefix.utf8), limit: limit > 0 ? limit - count : 0,
                    after: cursor, options: options.requestOptions)
                count += page.keys.count
                if json {
                    listed += page.keys.map(ListedKey.init)
                } else {
                    try Output.standardOutput.print(page.keys.flatMap { [UInt8]($0) + [UInt8(ascii: "\n")] })
                }
                cursor = page.next
            } while cursor != nil && (limit == 0 || count < limit)
            return listed
        }
        if json { try Output.standardOutput.print(try JSONText.encode(["keys": listed])) }
    }
}

/// A key in JSON: as text if its bytes are UTF-8.
struct ListedKey: Encodable {
    var key: String?
    var keyBase64: Data?

    enum CodingKeys: String, CodingKey {
        case key
        case keyBase64 = "key_base64"
    }

    init(_ bytes: Data) {
        key = String(validating: bytes, as: UTF8.self)
        if key == nil { keyBase64 = bytes }
    }
}
