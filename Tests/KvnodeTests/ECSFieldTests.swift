import Foundation
import Testing

@testable import kvnode

/// The table of fields, held against what is deployed and what the documents say.
@Suite struct ECSFieldTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func object(_ path: String) throws -> [String: Any] {
        let data = try Data(contentsOf: Self.repository.appendingPathComponent(path))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// The type that the index template gives a field; nil if it does not have it.
    private func type(of field: String) throws -> String? {
        let template = try object("deploy/elk/elasticsearch/index-template.json")
        let inner = try #require(template["template"] as? [String: Any])
        let mappings = try #require(inner["mappings"] as? [String: Any])
        #expect(mappings["dynamic"] as? String == "strict")
        var properties = mappings["properties"] as? [String: Any]
        var found: [String: Any]?
        for part in field.split(separator: ".") {
            found = properties?[String(part)] as? [String: Any]
            properties = found?["properties"] as? [String: Any]
        }
        return found?["type"] as? String
    }

    @Test(arguments: ECSField.table) func theTemplateHasTheField(_ field: ECSField) throws {
        let type = try type(of: field.name)
        switch field.kind {
        case .keyword: #expect(type == "keyword" || type == "match_only_text", "\(field.name)")
        case .nanoseconds: #expect(type == "long", "\(field.name)")
        }
    }

    @Test(arguments: ECSField.always.filter { !$0.hasPrefix(ECSField.labels) })
    func theTemplateHasWhatIsAlwaysThere(_ name: String) throws {
        #expect(try type(of: name) != nil, "\(name)")
    }

    @Test func noTwoKeysShareAField() {
        #expect(Set(ECSField.table.map(\.key)).count == ECSField.table.count)
        #expect(Set(ECSField.table.map(\.name)).count == ECSField.table.count)
        #expect(Set(ECSField.table.map(\.name)).isDisjoint(with: ECSField.always))
    }

    /// What the pipeline does not keep, nobody finds.
    @Test func thePipelineKeepsEveryField() throws {
        let pipeline = try object("deploy/elk/elasticsearch/ingest-pipeline.json")
        let processors = try #require(pipeline["processors"] as? [[String: [String: Any]]])
        let kept = Set(processors.compactMap { $0["remove"]?["keep"] as? [String] }.joined())
        let names = ECSField.table.map(\.name) + ECSField.always.filter { !$0.hasPrefix(ECSField.labels) }
        for name in names + ["labels"] { #expect(kept.contains(name), "\(name)") }
    }

    @Test func theDocumentsHaveTheTable() throws {
        let url = Self.repository.appendingPathComponent("docs/observability.md")
        let text = try String(contentsOf: url, encoding: .utf8)
        for field in ECSField.table {
            #expect(text.contains("| `\(field.key)` | `\(field.name)` |"), "\(field.key)")
        }
        for name in ECSField.always { #expect(text.contains("`\(name)`"), "\(name)") }
    }

    /// Saved searches ask for fields that there are, and are of the data view.
    @Test func savedSearchesNameFieldsThatAreThere() throws {
        let url = Self.repository.appendingPathComponent("deploy/elk/kibana/saved-objects.ndjson")
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        let objects = try lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        let view = try #require(objects.first { $0["type"] as? String == "index-pattern" })
        let searches = objects.filter { $0["type"] as? String == "search" }
        #expect(searches.count >= 3)
        for search in searches {
            let attributes = try #require(search["attributes"] as? [String: Any])
            for column in try #require(attributes["columns"] as? [String])
            where !column.hasPrefix(ECSField.labels) {
                #expect(try type(of: column) != nil, "\(column)")
            }
            let references = try #require(search["references"] as? [[String: String]])
            #expect(references.map { $0["id"] } == [view["id"] as? String])
        }
    }
}
