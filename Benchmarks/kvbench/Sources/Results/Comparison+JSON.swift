import Foundation

extension Comparison {
    /// Throws `ComparisonError` if the file is none of this format, and Foundation's error if it can't be read.
    public static func read(from file: URL) throws -> Comparison {
        let data = try Data(contentsOf: file)
        do {
            // First, since a file of another format may lack anything else.
            let found = try JSONDecoder().decode(Header.self, from: data).format
            guard found == Comparison.format else {
                throw ComparisonError.otherFormat(file: file.path, found: found)
            }
            return try JSONDecoder().decode(Comparison.self, from: data)
        } catch let error as DecodingError {
            throw ComparisonError.notAComparison(file: file.path, reason: error.reason)
        }
    }

    /// With sorted keys, so that two files can be told apart by `diff`. Replaces the file as a whole or not at all.
    public func write(to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: file, options: .atomic)
    }

    private struct Header: Decodable {
        var format: Int
    }
}

/// Why a file is not read.
public enum ComparisonError: Error, Equatable, CustomStringConvertible {
    case otherFormat(file: String, found: Int)
    case notAComparison(file: String, reason: String)

    public var description: String {
        switch self {
        case .otherFormat(let file, let found):
            "\(file) has format \(found), this kvbench reads format \(Comparison.format): use the kvbench that wrote it, or measure again"
        case .notAComparison(let file, let reason):
            "\(file) is no comparison written by kvbench: \(reason)"
        }
    }
}

extension ComparisonError: LocalizedError {
    public var errorDescription: String? { description }
}

extension DecodingError {
    /// Where it went wrong, and why.
    var reason: String {
        switch self {
        case .keyNotFound(let key, let context): "\((context.codingPath + [key]).text) is missing"
        case .valueNotFound(_, let context), .typeMismatch(_, let context):
            "\(context.codingPath.text): \(context.debugDescription)"
        case .dataCorrupted(let context): context.debugDescription
        @unknown default: "\(self)"
        }
    }
}

extension [any CodingKey] {
    fileprivate var text: String {
        map { key in key.intValue.map(String.init) ?? key.stringValue }.joined(separator: ".")
    }
}
