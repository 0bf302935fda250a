/// A condition of a run: one number, or several if what is compared differs in it.
public struct Varied: Equatable, Sendable {
    /// Not empty, each once.
    public let values: [Int]

    /// Nil unless there is a number, and none twice.
    public init?(_ values: [Int]) {
        guard !values.isEmpty, Set(values).count == values.count else { return nil }
        self.values = values
    }

    /// With `limit` for what is more.
    public func atMost(_ limit: Int) -> Varied {
        let fewer = values.filter { $0 < limit }
        return Varied(fewer.count < values.count ? fewer + [limit] : fewer) ?? self
    }

    public var least: Int { values.reduce(values[0], min) }

    /// The one number; the first if there are several.
    public var first: Int { values[0] }
}

extension Varied: CustomStringConvertible {
    /// "1,000,000", "3, 5 and 7".
    public var description: String { values.map(\.grouped).joined(last: "and") }
}

extension Varied: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { values = [value] }
}

/// A number as itself, several as an array.
extension Varied: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Int.self) {
            self.init(integerLiteral: value)
        } else if let varied = Varied(try container.decode([Int].self)) {
            self = varied
        } else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no number, or one twice")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if values.count == 1 { try container.encode(values[0]) } else { try container.encode(values) }
    }
}
