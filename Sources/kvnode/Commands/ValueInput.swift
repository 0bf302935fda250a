import ArgumentParser
import Foundation

/// Where the value of a put comes from.
struct ValueInput: ParsableArguments {
    @Argument(help: "The value; \"-\" or nothing reads standard input.")
    var value: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Read the value from this file.", valueName: "path"))
    var file: String?

    func validate() throws {
        if value != nil, file != nil { throw ValidationError("give a value or --file, not both") }
    }

    func read() throws -> Data {
        if let file {
            do {
                return try Data(contentsOf: URL(fileURLWithPath: file))
            } catch {
                throw ValidationError("\(file) can't be read: \(error.localizedDescription)")
            }
        }
        if let value, value != "-" { return Data(value.utf8) }
        return try FileHandle.standardInput.readToEnd() ?? Data()
    }
}
