import Foundation

extension WorkloadShape {
    /// Throws `ShapeError` if the file is none of this format or can't be what was recorded, and Foundation's error if it can't be
    /// read.
    public static func read(from file: URL) throws -> WorkloadShape {
        let data = try Data(contentsOf: file)
        do {
            // First, since a file of another format may lack anything else.
            let found = try JSONDecoder().decode(Header.self, from: data).format
            guard found == WorkloadShape.format else {
                throw ShapeError(
                    description:
                        "\(file.path) has format \(found), this kvbench reads \(WorkloadShape.format)")
            }
            let shape = try JSONDecoder().decode(WorkloadShape.self, from: data)
            if let reason = shape.fault {
                throw ShapeError(description: "\(file.path) can't be replayed: \(reason)")
            }
            return shape
        } catch let error as DecodingError {
            throw ShapeError(
                description: "\(file.path) was not written by kvbench record: \(error.reason)")
        }
    }

    /// Replaces the file as a whole or not at all.
    public func write(to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: file, options: .atomic)
    }

    /// What it can't have by being recorded, but by being edited.
    private var fault: String? {
        let kinds = [
            operations.get, operations.put, operations.delete, operations.update, operations.list,
        ]
        guard kinds.allSatisfy({ (0...1 << 48).contains($0) }), operations.all > 0 else {
            return "its operations are negative, too many, or none"
        }
        guard seconds > 0, seconds.isFinite, keys >= 0 else {
            return "its seconds or keys are no such number"
        }
        guard (0...WorkloadShape.greatestExponent).contains(popularity.exponent) else {
            return "an exponent is from 0 to \(WorkloadShape.greatestExponent)"
        }
        for sizes in keyBytes + valueBytes + listLimits where !sizes.isSound {
            return "it has sizes from \(sizes.from) to \(sizes.to) with a mean of \(sizes.mean)"
        }
        return nil
    }

    /// Beyond it, nearly all requests are for one key.
    public static let greatestExponent = 4.0

    private struct Header: Decodable {
        var format: Int
    }
}

extension WorkloadShape.Sizes {
    fileprivate var isSound: Bool {
        from >= 0 && to <= 1 << 32 && count >= 0 && from <= to
            && (Double(from)...Double(to)).contains(mean)
    }
}

/// Why a shape is not read.
public struct ShapeError: Error, Equatable, LocalizedError, CustomStringConvertible {
    public var description: String

    public var errorDescription: String? { description }
}
