import ClusterCore
import Foundation
import NIOHTTP1

/// How the bytes of members, names and values are written in a document.
enum DataEncoding: Sendable {
    /// UTF-8, which not all bytes are.
    case text
    case base64

    init(_ query: QueryParameters) throws(Problem) {
        switch try query.text("encoding") {
        case nil, "text": self = .text
        case "base64": self = .base64
        case let other?: throw .badRequest("encoding can be text or base64, not \"\(other)\"")
        }
    }

    fileprivate func decode(_ text: String) throws(Problem) -> [UInt8] {
        switch self {
        case .text: return Array(text.utf8)
        case .base64:
            guard let bytes = Base64.decode(text.utf8) else { throw .badRequest("\"\(text)\" isn't base64") }
            return bytes
        }
    }

    fileprivate func encode(_ bytes: [UInt8]) throws(Problem) -> String {
        switch self {
        case .base64: return Base64.encode(bytes)
        case .text:
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Problem(
                    .conflict, "not_text", "the key holds bytes that are no UTF-8: ask with encoding=base64")
            }
            return text
        }
    }
}

/// What a key holds, in JSON: `type`, and `values` of a string (a counter has one, its number), `members` of a set or
/// `fields` of a map; and `expires` (milliseconds since 1970) if it does.
enum DataDocument {
    static func reply(_ reading: Reading, _ encoding: DataEncoding) -> HTTPReply {
        do throws(Problem) {
            guard let latest = reading.latest else {
                throw Problem(.notFound, "not_found", "the key has no value")
            }
            var members = try contents(reading.siblings, encoding)
            if latest.expiresAt > 0 { members["expires"] = latest.expiresAt }
            return .json(
                members, headers: ["x-kvnode-context": Base64.encode(reading.context)])
        } catch {
            return error.reply
        }
    }

    private static func contents(
        _ siblings: [Sibling], _ encoding: DataEncoding
    ) throws(Problem) -> [String: Any] {
        var (values, members, fields): ([String], [String], [String: String]) = ([], [], [:])
        for sibling in siblings {
            switch sibling.content {
            case .value(let value, _): values.append(try encoding.encode(value))
            case .part(.member(let member)): members.append(try encoding.encode(member))
            case .part(.field(let name, let value)):
                fields[try encoding.encode(name)] = try encoding.encode(value)
            case .tombstone, .part: break
            }
        }
        return switch siblings.first?.content.kind {
        case .set: ["type": "set", "members": members]
        case .map: ["type": "map", "fields": fields]
        case .string, nil: ["type": "string", "values": values]
        }
    }
}

/// A change, in JSON: an object with one member, whose name says what is to be done.
struct DataChangeDocument: Decodable {
    private var add: Number?
    private var addMembers: [String]?
    private var removeMembers: [String]?
    private var setFields: [String: String]?
    private var setFieldIfAbsent: [String: String]?
    private var removeFields: [String]?
    private var addToField: [String: Number]?
    private var expireAfter: Int?
    private var expireAt: UInt64?
    private var persist: Bool?

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case add
        case addMembers = "add_members"
        case removeMembers = "remove_members"
        case setFields = "set_fields"
        case setFieldIfAbsent = "set_field_if_absent"
        case removeFields = "remove_fields"
        case addToField = "add_to_field"
        case expireAfter = "expire_after_ms"
        case expireAt = "expire_at_ms"
        case persist
    }

    /// A whole number, or a decimal one in a string, since a number of JSON's need not have all its digits.
    private enum Number: Decodable {
        case integer(Int)
        case decimal(Amount)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let integer = try? container.decode(Int.self) {
                self = .integer(integer)
            } else if let amount = Amount(decimal: try container.decode(String.self).utf8) {
                self = .decimal(amount)
            } else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no number")
            }
        }

        var kind: DataChange.NumberKind { if case .integer = self { .integer } else { .decimal } }

        var amount: Amount {
            switch self {
            case .integer(let integer): Amount(integer)
            case .decimal(let amount): amount
            }
        }
    }

    /// - Throws: A problem that says what there can be.
    static func change(json: [UInt8], _ encoding: DataEncoding) throws(Problem) -> DataChange {
        do {
            let names = try JSONDecoder().decode(MemberNames.self, from: Data(json)).names
            let known = CodingKeys.allCases.map(\.rawValue)
            guard names.count == 1, known.contains(names[0]) else {
                throw Problem.badRequest("a change has one member, of \(known.joined(separator: ", "))")
            }
            let document = try JSONDecoder().decode(DataChangeDocument.self, from: Data(json))
            guard let change = try document.change(encoding) else {
                throw Problem.badRequest("\"\(names[0])\" has no fitting value")
            }
            return change
        } catch let problem as Problem {
            throw problem
        } catch let error as DecodingError {
            throw .badRequest(Self.explain(error))
        } catch {
            throw .badRequest("the body isn't a JSON object")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            guard let name = context.codingPath.first?.stringValue else {
                return "the body isn't a JSON object"
            }
            return "\"\(name)\" has no fitting value; a number is a whole one, or a decimal one in a string"
        default: return "the body isn't a JSON object"
        }
    }

    private func change(_ encoding: DataEncoding) throws(Problem) -> DataChange? {
        if let add { return .add(add.kind, add.amount) }
        if let addMembers { return .addMembers(try decode(addMembers, encoding)) }
        if let removeMembers { return .removeMembers(try decode(removeMembers, encoding)) }
        if let setFields { return .setFields(try decode(setFields, encoding)) }
        if let setFieldIfAbsent {
            guard setFieldIfAbsent.count == 1 else { return nil }
            return .setFieldIfAbsent(try decode(setFieldIfAbsent, encoding)[0])
        }
        if let removeFields { return .removeFields(try decode(removeFields, encoding)) }
        if let addToField {
            guard addToField.count == 1, let (name, number) = addToField.first else { return nil }
            return .addToField(try encoding.decode(name), number.kind, number.amount)
        }
        if let expireAfter { return .expire(.after(milliseconds: expireAfter), .always) }
        if let expireAt { return .expire(.at(milliseconds: expireAt), .always) }
        return persist == true ? .expire(.never, .always) : nil
    }

    private func decode(_ texts: [String], _ encoding: DataEncoding) throws(Problem) -> [[UInt8]] {
        var all: [[UInt8]] = []
        for text in texts { all.append(try encoding.decode(text)) }
        return all
    }

    private func decode(
        _ fields: [String: String], _ encoding: DataEncoding
    ) throws(Problem) -> [DataField] {
        var all: [DataField] = []
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            all.append(DataField(try encoding.decode(name), try encoding.decode(value)))
        }
        return all
    }
}
