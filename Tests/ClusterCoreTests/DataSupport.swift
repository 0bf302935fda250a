@testable import ClusterCore

/// A replica that makes changes of one key, as the writer thread of a node does.
struct DataReplica {
    let actor: UInt64
    var versions = Versions()
    var counter: UInt64 = 0
    /// Its clock, in milliseconds since 1970.
    var now: UInt64 = 1_000_000
    var properties: BucketProperties

    init(_ actor: UInt64, policy: Versions.Policy = .siblings, ttlSeconds: Int = 0) {
        self.actor = actor
        properties = BucketProperties(policy: policy, ttlSeconds: ttlSeconds)
    }

    @discardableResult
    mutating func change(_ change: DataChange) -> Result<DataOutcome, DataError> {
        now += 1
        var counter = counter
        defer { self.counter = counter }
        let stamp = Timestamp(milliseconds: now)
        return versions.update(change, by: actor, timestamp: stamp, now: now, properties) {
            counter += 1
            return Dot(actor: actor, counter: counter)
        }
    }

    /// A put or a delete by a client that has seen all that is here, or nothing.
    mutating func put(_ value: String?, blindly: Bool = false, expiresAt: UInt64 = 0) {
        now += 1
        counter += 1
        versions.write(
            value.map { .value(Array($0.utf8), contentType: "t") } ?? .tombstone,
            dot: Dot(actor: actor, counter: counter),
            timestamp: Timestamp(milliseconds: now), expiresAt: expiresAt,
            context: blindly ? CausalContext() : versions.causalContext, policy: properties.policy)
    }

    mutating func merge(_ other: DataReplica) {
        versions.merge(other.versions, policy: properties.policy)
        now = max(now, other.now)
    }

    // MARK: What a reader finds

    var contents: [Sibling.Content] { versions.reading(at: now).map(\.content) }

    var values: [String] {
        contents.compactMap {
            if case .value(let bytes, _) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil }
        }
    }

    var members: [String] { contents.compactMap(\.member).map { String(decoding: $0, as: UTF8.self) } }

    var fields: [String: String] {
        var fields: [String: String] = [:]
        for case .part(.field(let name, let value)) in contents {
            fields[String(decoding: name, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
        }
        return fields
    }

    var end: UInt64? { versions.reading(at: now).first?.expiresAt }
}

extension DataChange {
    static func add(_ number: Int) -> DataChange { .add(.integer, Amount(number)) }

    static func add(decimal: String) -> DataChange { .add(.decimal, Amount(decimal: Array(decimal.utf8))!) }

    static func addMembers(_ members: String...) -> DataChange { .addMembers(members.map { Array($0.utf8) }) }

    static func removeMembers(_ members: String...) -> DataChange {
        .removeMembers(members.map { Array($0.utf8) })
    }

    static func setFields(_ fields: KeyValuePairs<String, String>) -> DataChange {
        .setFields(fields.map { DataField(Array($0.key.utf8), Array($0.value.utf8)) })
    }

    static func setFieldIfAbsent(_ name: String, _ value: String) -> DataChange {
        .setFieldIfAbsent(DataField(Array(name.utf8), Array(value.utf8)))
    }

    static func removeFields(_ names: String...) -> DataChange { .removeFields(names.map { Array($0.utf8) }) }

    static func add(_ number: Int, toField name: String) -> DataChange {
        .addToField(Array(name.utf8), .integer, Amount(number))
    }
}

extension Result<DataOutcome, DataError> {
    static func count(_ count: Int) -> Self { .success(.count(count)) }
    static func number(_ text: String) -> Self { .success(.number(Amount(decimal: Array(text.utf8))!)) }
}
