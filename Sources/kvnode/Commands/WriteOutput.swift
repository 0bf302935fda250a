import Foundation

/// What a put or a delete prints.
struct WriteOutput: Encodable {
    /// False for a delete that found nothing to delete; else left out.
    var found: Bool?
    var context: Data

    /// - Parameter printContext: Whether the context is wanted without `--json`.
    func write(_ options: ClientOptions, printContext: Bool) throws {
        if options.json {
            try Output.standardOutput.print(try JSONText.encode(self))
        } else if printContext {
            try Output.standardOutput.print(context.base64EncodedString() + "\n")
            if context.isEmpty {
                Output.standardError.write(
                    "kvnode: the write stands beside values it hasn't seen; read the key for its context\n")
            }
        }
    }
}
