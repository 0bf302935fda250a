public import Foundation
internal import Messages
internal import SwiftProtobuf

extension KVNodeStore {
    /// A value to be written.
    public struct Put: Hashable, Sendable {
        /// What must hold for the write to be done, else `KVNodeError.Kind.conditionFailed`.
        ///
        /// Judged by the replica that coordinates the write: two conditional writes through different coordinators may both
        /// succeed, and are siblings then.
        public enum Condition: Hashable, Sendable {
            /// None.
            case always
            /// The key has no value.
            case ifAbsent
            /// The key's context is still this one, which is then the write's own as well, if that is empty.
            case ifMatch(Context)
        }

        /// Which key.
        public var key: Key
        /// May be empty; at most the nodes' limit (8 MiB unless configured otherwise).
        public var value: Data
        /// Of the read on the ground of which this is written: what it has seen is replaced, what it has not stays beside
        /// it. Empty: the write replaces nothing.
        public var context: Context
        /// At most 255 printable ASCII characters; comes back with the value.
        public var contentType = ""
        /// After which the value stops being readable: in whole seconds, rounded up. Zero for never; nil for what the bucket
        /// says.
        public var timeToLive: Duration?
        /// None, unless said otherwise.
        public var condition = Condition.always

        /// - Parameters:
        ///   - value: May be empty.
        ///   - key: Which key.
        ///   - context: Of the read on the ground of which this is written.
        public init(_ value: Data, at key: Key, context: Context = Context()) {
            self.key = key
            self.value = value
            self.context = context
        }
    }
}

extension KVNodeStore.Put {
    var message: Kvnode_V1_PutRequest {
        .with {
            $0.bucket = key.bucket
            $0.key = key.bytes
            $0.value = value
            $0.context = context.bytes
            $0.contentType = contentType
            if let timeToLive { $0.ttlSeconds = UInt32(clamping: timeToLive.wholeSeconds) }
            switch condition {
            case .always: break
            case .ifAbsent: $0.condition = .ifAbsent(true)
            case .ifMatch(let context): $0.condition = .ifMatch(context.bytes)
            }
        }
    }
}
