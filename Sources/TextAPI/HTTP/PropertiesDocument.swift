import ClusterCore
import Foundation

/// A bucket's properties in JSON: `n`, `r`, `w`, `conflict` (siblings, last-write-wins), `quorum` (sloppy,
/// strict) and `ttl` (seconds; 0 for never). What a document doesn't name stays as it is.
struct PropertiesDocument: Codable {
    var n: Int?
    var r: Int?
    var w: Int?
    var conflict: Conflict?
    var quorum: Quorum?
    var ttl: Int?

    enum Conflict: String, Codable, CaseIterable {
        case siblings
        case lastWriteWins = "last-write-wins"
    }

    enum Quorum: String, Codable, CaseIterable {
        case sloppy
        case strict
    }

    private enum CodingKeys: String, CodingKey, CaseIterable { case n, r, w, conflict, quorum, ttl }

    init(_ properties: BucketProperties) {
        (n, r, w, ttl) = (properties.n, properties.r, properties.w, properties.ttlSeconds)
        conflict = properties.policy == .siblings ? .siblings : .lastWriteWins
        quorum = properties.quorum == .sloppy ? .sloppy : .strict
    }

    /// - Throws: A problem that names the member that is unknown or has no fitting value.
    init(json: [UInt8]) throws(Problem) {
        do {
            let names = try JSONDecoder().decode(MemberNames.self, from: Data(json)).names
            let known = CodingKeys.allCases.map(\.rawValue)
            if let unknown = names.filter({ !known.contains($0) }).min() {
                throw Problem.badRequest(
                    "unknown bucket property \"\(unknown)\"; there are \(known.joined(separator: ", "))")
            }
            self = try JSONDecoder().decode(PropertiesDocument.self, from: Data(json))
        } catch let problem as Problem {
            throw problem
        } catch let error as DecodingError {
            throw .badRequest(Self.explain(error))
        } catch {
            throw .badRequest("the body isn't a JSON object")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        let path: [any CodingKey] =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                context.codingPath
            case .keyNotFound(let key, _): [key]
            @unknown default: []
            }
        switch path.first?.stringValue {
        case nil: return "the body isn't a JSON object"
        case "conflict": return "bucket property \"conflict\" must be \"siblings\" or \"last-write-wins\""
        case "quorum": return "bucket property \"quorum\" must be \"sloppy\" or \"strict\""
        case let name?: return "bucket property \"\(name)\" must be a whole number"
        }
    }

    func change(_ properties: inout BucketProperties) {
        if let n { properties.n = n }
        if let r { properties.r = r }
        if let w { properties.w = w }
        if let conflict { properties.policy = conflict == .siblings ? .siblings : .lastWriteWins }
        if let quorum { properties.quorum = quorum == .sloppy ? .sloppy : .strict }
        if let ttl { properties.ttlSeconds = ttl }
    }

    var reply: HTTPReply {
        .json([
            "n": n ?? 0, "r": r ?? 0, "w": w ?? 0, "conflict": conflict?.rawValue ?? "",
            "quorum": quorum?.rawValue ?? "", "ttl": ttl ?? 0,
        ])
    }
}
