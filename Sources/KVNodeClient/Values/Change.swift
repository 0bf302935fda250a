public import Foundation
internal import Messages
internal import SwiftProtobuf

extension KVNodeStore {
    /// A change of a counter, a set or a map, which needs no context: concurrent changes are all kept.
    public enum Change: Hashable, Sendable {
        /// Adds to a counter.
        case add(Int64)
        /// To a set.
        case addMembers([Data])
        /// From a set.
        case removeMembers([Data])
        /// Of a map.
        case setFields([Data: Data])
        /// Of a map.
        case removeFields([Data])
        /// Adds to a map's field.
        case addToField(Data, Int64)
        /// Has the key, if it is there, stop being readable in that time. In whole milliseconds; zero deletes it.
        case expire(after: Duration)
        /// Has the key stay.
        case persist
    }

    /// What came of a change.
    public enum ChangeOutcome: Hashable, Sendable {
        /// Members or fields that came or went; of an expiry, 1 if the key was there.
        case count(Int)
        /// What was added to, as it is now, in decimal.
        case number(String)
    }

    /// A key of any type of data, as a read found it.
    public struct DataReading: Hashable, Sendable {
        /// Of concurrent types the one that was written last.
        public enum Content: Hashable, Sendable {
            /// The key has no value.
            case nothing
            /// The concurrent values; a counter is one, its number in decimal.
            case values([Data])
            /// The members of a set.
            case members(Set<Data>)
            /// The fields of a map.
            case fields([Data: Data])
        }

        /// What the key holds.
        public var content: Content
        /// When it stops being readable: milliseconds since 1970 UTC; nil for never.
        public var expiresAtMillis: UInt64?
        /// What this read has seen, with which the key can be deleted.
        public var context: Context

        /// For tests.
        public init(content: Content, expiresAtMillis: UInt64? = nil, context: Context) {
            self.content = content
            self.expiresAtMillis = expiresAtMillis
            self.context = context
        }
    }
}

extension KVNodeStore.Change {
    typealias Message = Kvnode_V1_UpdateDataRequest.OneOf_Change

    var message: Message {
        switch self {
        case .add(let amount): .add(.with { $0.integer = amount })
        case .addMembers(let members): .addMembers(.with { $0.members = members })
        case .removeMembers(let members): .removeMembers(.with { $0.members = members })
        case .setFields(let fields): .setFields(.with { $0.fields = fields.map { Self.field($0, $1) } })
        case .removeFields(let names): .removeFields(.with { $0.names = names })
        case .addToField(let name, let amount):
            .addToField(
                .with {
                    $0.name = name
                    $0.number.integer = amount
                })
        case .expire(let time): .expireAfterMs(time.wholeMilliseconds)
        case .persist: .persist(true)
        }
    }

    private static func field(_ name: Data, _ value: Data) -> Kvnode_V1_Field {
        .with {
            $0.name = name
            $0.value = value
        }
    }
}

extension KVNodeStore.ChangeOutcome {
    init(_ message: Kvnode_V1_UpdateDataResponse) {
        switch message.outcome {
        case .number(let number): self = .number(number)
        case .count(let count): self = .count(Int(clamping: count))
        case nil: self = .count(0)
        }
    }
}

extension KVNodeStore.DataReading {
    init(_ message: Kvnode_V1_GetDataResponse) {
        content =
            switch message.data {
            case .values(let values): .values(values.values)
            case .members(let members): .members(Set(members.members))
            case .fields(let fields):
                .fields(Dictionary(fields.fields.map { ($0.name, $0.value) }) { _, later in later })
            case nil: .nothing
            }
        expiresAtMillis = message.expiresAtMs == 0 ? nil : message.expiresAtMs
        context = KVNodeStore.Context(bytes: message.context)
    }
}
