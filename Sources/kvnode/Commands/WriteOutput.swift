import Foundation

/// What a put or a delete prints.
struct WriteOutput: Encodable {
    var context: Data

    /// - Parameter printContext: Whether the context is wanted without `--json`.
    func write(_ options: ClientOptions, printContext: Bool) throws {
        if options.json {
            Output.standardOutput.write(try JSONText.encode(self))
        } else if printContext {
            Output.standardOutput.write(context.base64EncodedString() + "\n")
        }
    }
}
