/// Where an event's metadata goes in a line of JSON, by the Elastic Common Schema (ECS), version 8: the one table of it, which the
/// index template under deploy/elk and the documents are held to by tests.
struct ECSField: Equatable, Sendable {
    enum Kind: Sendable {
        case keyword
        /// A number of nanoseconds; the metadata has milliseconds, with a fraction.
        case nanoseconds
    }

    /// The key in the metadata.
    let key: String
    /// The field's name in ECS.
    let name: String
    let kind: Kind

    init(_ key: String, _ name: String, _ kind: Kind = .keyword) {
        self.key = key
        self.name = name
        self.kind = kind
    }

    /// Of the schema that the names are from.
    static let version = "8.11.0"

    /// What has a field of its own. All other metadata is below `labels`.
    static let table = [
        ECSField("duration_ms", "event.duration", .nanoseconds),
        ECSField("error", "error.message"),
        ECSField("error_code", "error.code"),
        ECSField("error_type", "error.type"),
        ECSField("file", "file.path"),
        ECSField("from", "client.address"),
        ECSField("operation", "event.action"),
        ECSField("outcome", "event.outcome"),
        ECSField("protocol", "network.protocol"),
        ECSField("reason", "event.reason"),
        ECSField("span_id", "span.id"),
        ECSField("trace_id", "trace.id"),
        ECSField("user", "user.name"),
    ]

    /// What every line has.
    static let always = [
        "@timestamp", "log.level", "message", "ecs.version", "log.logger", "event.dataset", "service.name",
        "service.version", "service.node.name", "labels.cluster",
    ]

    /// What begins the name of a field for other metadata.
    static let labels = "labels."

    private static let byKey = Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0) })

    /// Where metadata goes, and as what.
    ///
    /// - Parameters:
    ///   - key: Of the metadata.
    ///   - text: Its value.
    static func place(_ key: String, _ text: String) -> (name: String, json: String) {
        switch byKey[key] {
        case let field? where field.kind == .keyword: return (field.name, JSONString.quote(text))
        case let field?:
            // What is no number has no place in a field of numbers.
            guard let number = Double(text), let nanoseconds = Int(exactly: (number * 1e6).rounded()) else {
                break
            }
            return (field.name, String(nanoseconds))
        case nil: break
        }
        return (labels + label(key), JSONString.quote(text))
    }

    /// The name of a label: of small letters, digits and underscores, as a dot would part an object from its field.
    private static func label(_ key: String) -> String {
        String(key.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
