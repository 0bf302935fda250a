internal import Messages
internal import SwiftProtobuf

extension KVNodeStore {
    /// How one request is to be served. What is nil is taken from the bucket's properties.
    public struct Options: Hashable, Sendable {
        /// How many replicas the key has for this request; at most the cluster's replication factor.
        public var n: Int?
        /// How many replicas must answer a read; at most n.
        public var r: Int?
        /// How many replicas must store a write; at most n.
        public var w: Int?
        /// Until the request fails, retries included; nil for the configuration's.
        public var timeout: Duration?

        /// What is left out is taken from the bucket's properties.
        public init(n: Int? = nil, r: Int? = nil, w: Int? = nil, timeout: Duration? = nil) {
            self.n = n
            self.r = r
            self.w = w
            self.timeout = timeout
        }
    }
}

extension KVNodeStore.Options {
    /// All but the time, which is each attempt's own.
    var message: Kvnode_V1_Options {
        .with {
            if let n { $0.n = UInt32(clamping: n) }
            if let r { $0.r = UInt32(clamping: r) }
            if let w { $0.w = UInt32(clamping: w) }
        }
    }
}
