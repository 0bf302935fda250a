import Foundation

/// Orders and answers are JSON, each on a line of its own.
public enum Line {
    /// With its end.
    public static func bytes(_ value: some Encodable) throws -> [UInt8] {
        try Array(JSONEncoder().encode(value)) + [UInt8(ascii: "\n")]
    }

    public static func value<T: Decodable>(_ type: T.Type, in line: String) throws -> T {
        try JSONDecoder().decode(type, from: Data(line.utf8))
    }
}
