import ClusterCore
import NIOCore

/// What clients have asked of a node since it started.
public struct WorkloadReport: Equatable, Sendable {
    public var node: String
    /// When the node started, in milliseconds since 1970 by its wall clock; another one, if it has started anew.
    public var startedMillis: UInt64
    /// For how long it has been counting, in milliseconds.
    public var uptimeMillis: Int64
    /// One of how many requests is a sample for how often each key is asked for; 0 if requests are not watched.
    public var sampleEvery: Int
    public var shape: WorkloadShape

    public init(
        node: String, startedMillis: UInt64, uptimeMillis: Int64, sampleEvery: Int, shape: WorkloadShape
    ) {
        self.node = node
        self.startedMillis = startedMillis
        self.uptimeMillis = uptimeMillis
        self.sampleEvery = sampleEvery
        self.shape = shape
    }
}

extension ClusterNode {
    public func workload(_ completion: @escaping @Sendable (WorkloadReport) -> Void) {
        gather(WorkloadShape(), from: 0, completion)
    }

    /// Goes from shard to shard, so that what each has seen is touched on its own loop alone.
    private func gather(
        _ shape: WorkloadShape, from index: Int, _ completion: @escaping @Sendable (WorkloadReport) -> Void
    ) {
        let shard = shards[index]
        shard.perform { [self] in
            var shape = shape
            if let seen = shard.workload { shape.add(seen) }
            if index + 1 < shards.count { return gather(shape, from: index + 1, completion) }
            completion(
                WorkloadReport(
                    node: configuration.nodeName, startedMillis: begun.wallMillis,
                    uptimeMillis: (shard.loop.now - begun.time).nanoseconds / 1_000_000,
                    sampleEvery: configuration.workloadSampleEvery, shape: shape))
        }
    }
}
