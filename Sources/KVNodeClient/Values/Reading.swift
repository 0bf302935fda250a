public import Foundation
internal import Messages

extension KVNodeStore {
    /// What a reader has seen of a key: to be passed on with the write that follows, which replaces just that.
    ///
    /// Opaque; belongs to one key; serves at every node and over every protocol.
    public struct Context: Hashable, Sendable {
        /// As the nodes gave it; empty for who has seen nothing.
        public var bytes: Data

        /// Of who has seen nothing: a write with it replaces nothing.
        public init() { bytes = Data() }

        /// - Parameter bytes: As a node gave it.
        public init(bytes: Data) { self.bytes = bytes }

        /// Whether it covers nothing.
        public var isEmpty: Bool { bytes.isEmpty }
    }

    /// One of the concurrent values of a key.
    public struct Sibling: Hashable, Sendable {
        /// As it was put.
        public var value: Data
        /// As it was put; empty if none was given.
        public var contentType: String
        /// When a node took the write: milliseconds since 1970 UTC, by its hybrid logical clock.
        public var timestampMillis: UInt64
        /// When it stops being readable: milliseconds since 1970 UTC; nil for never.
        public var expiresAtMillis: UInt64?
        /// The write that it came from, unique over the cluster's whole life.
        public var dot: Dot

        /// For tests of what merges siblings.
        public init(
            _ value: Data, contentType: String = "", timestampMillis: UInt64 = 0,
            expiresAtMillis: UInt64? = nil,
            dot: Dot
        ) {
            self.value = value
            self.contentType = contentType
            self.timestampMillis = timestampMillis
            self.expiresAtMillis = expiresAtMillis
            self.dot = dot
        }
    }

    /// The name of a write.
    public struct Dot: Hashable, Sendable {
        /// The identity under which a replica took the write.
        public var actor: UInt64
        /// That identity's running number.
        public var counter: UInt64

        /// For tests.
        public init(actor: UInt64, counter: UInt64) {
            self.actor = actor
            self.counter = counter
        }
    }

    /// A key as a read found it.
    public struct Reading: Hashable, Sendable {
        /// The concurrent values, in the order of their dots; empty if the key has none. Of several somebody is to make
        /// one: see `update(_:options:merge:)`.
        public var siblings: [Sibling]
        /// What this read has seen. After a delete it isn't empty.
        public var context: Context

        /// For tests.
        public init(siblings: [Sibling], context: Context) {
            self.siblings = siblings
            self.context = context
        }

        /// The value, if there is just one.
        public var value: Data? { siblings.count == 1 ? siblings[0].value : nil }
    }
}

extension KVNodeStore.Reading {
    init(_ message: Kvnode_V1_GetResponse) {
        siblings = message.siblings.map(KVNodeStore.Sibling.init)
        context = KVNodeStore.Context(bytes: message.context)
    }
}

extension KVNodeStore.Sibling {
    init(_ message: Kvnode_V1_Sibling) {
        value = message.value
        contentType = message.contentType
        timestampMillis = message.timestampMs
        expiresAtMillis = message.expiresAtMs == 0 ? nil : message.expiresAtMs
        dot = KVNodeStore.Dot(actor: message.dot.actor, counter: message.dot.counter)
    }
}
