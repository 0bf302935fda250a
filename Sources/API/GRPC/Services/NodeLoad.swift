import Messages
import SwiftProtobuf

/// What a node has served since its start, and the room that it has left.
public struct NodeLoad: Equatable, Sendable {
    public struct Operation: Equatable, Sendable {
        /// As in the metrics.
        public var name: String
        /// How many were answered in each range of time, and beyond the last.
        public var durations: [UInt64]
        /// How many of these were answered with an error.
        public var failed: UInt64

        public init(name: String, durations: [UInt64], failed: UInt64) {
            self.name = name
            self.durations = durations
            self.failed = failed
        }
    }

    public struct Disk: Equatable, Sendable {
        public var availableBytes: UInt64
        public var sizeBytes: UInt64

        public init(availableBytes: UInt64, sizeBytes: UInt64) {
            self.availableBytes = availableBytes
            self.sizeBytes = sizeBytes
        }
    }

    public var uptimeMillis: UInt64
    /// Of the node's own clients.
    public var operations: [Operation]
    /// In seconds, ascending: the upper bounds of `Operation.durations`.
    public var durationBounds: [Double]
    public var requestsInFlight: UInt64
    /// Nil while the system does not tell.
    public var disk: Disk?

    public init(
        uptimeMillis: UInt64, operations: [Operation], durationBounds: [Double], requestsInFlight: UInt64,
        disk: Disk?
    ) {
        self.uptimeMillis = uptimeMillis
        self.operations = operations
        self.durationBounds = durationBounds
        self.requestsInFlight = requestsInFlight
        self.disk = disk
    }
}

extension Kvnode_V1_NodeLoad {
    public init(_ load: NodeLoad) {
        self.init()
        uptimeMs = load.uptimeMillis
        operations = load.operations.map { operation in
            .with {
                $0.operation = operation.name
                $0.durations = operation.durations
                $0.failed = operation.failed
            }
        }
        durationBounds = load.durationBounds
        requestsInFlight = load.requestsInFlight
        if let disk = load.disk {
            self.disk = .with {
                $0.availableBytes = disk.availableBytes
                $0.sizeBytes = disk.sizeBytes
            }
        }
    }
}
