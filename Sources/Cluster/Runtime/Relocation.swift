import ClusterCore
import NIOCore

/// When a write that met a replica of another layout goes on with the replicas of the present one.
struct Relocation {
    private var count = 0
    private var isDue = false

    /// Whether the write is to go on so; then its operation's timer comes for it. Otherwise the replica has failed.
    mutating func begin(after error: ReplicaError, of id: UInt64, on shard: Shard) -> Bool {
        let settings = shard.context.configuration.layouts
        guard error.code == .outdated, count < settings.maxRetries else { return false }
        if !isDue { shard.arm(id, in: settings.retryPause) }
        isDue = true
        return true
    }

    /// The replicas to go on with, if it is time.
    mutating func take(of id: UInt64, _ intent: WriteIntent, on shard: Shard) -> ReplicaSets? {
        guard isDue else { return nil }
        isDue = false
        count += 1
        return shard.relocate(id, intent)
    }
}

extension Shard {
    /// The replicas of a write by the present view, which the operation `id` goes by from now on. Nil if the bucket's
    /// properties no longer allow the write; it then goes on as it began.
    fileprivate func relocate(_ id: UInt64, _ intent: WriteIntent) -> ReplicaSets? {
        do throws(RequestError) {
            let quorum = try resolve(intent.quorum, properties(ofBucket: intent.bucket))
            renew(id)
            return view.layout.replicas(ofPartition: intent.key.partition, n: quorum.n)
        } catch {
            return nil
        }
    }
}
