import ClusterCore
import Instruments
import NIOCore
import Synchronization

extension ClusterNode {
    /// Adds what `BackgroundMetrics` defines. Any thread; waits for no loop.
    func tellBackground(_ reading: inout MetricReading) {
        tellHints(&reading)
        tellLayout(&reading)
        tellAntiEntropy(&reading)
        tellMembers(&reading)
        let reaping = reaperStatus
        reading.add(BackgroundMetrics.sweeps, reaping.sweeps)
        reading.add(BackgroundMetrics.reaped, reaping.removed)
        reading.add(BackgroundMetrics.unconfirmed, reaping.unconfirmed)
    }

    private func tellHints(_ reading: inout MetricReading) {
        let hints = handoffStatistics
        let now = shards[0].context.hints.clock.millis
        let age = hints.oldestMillis.map { now - min(now, $0) } ?? 0
        reading.add(BackgroundMetrics.hintsKept, hints.count)
        reading.add(BackgroundMetrics.hintBytes, hints.bytes)
        reading.add(BackgroundMetrics.oldestHint, Double(age) / 1_000)
        reading.add(BackgroundMetrics.hintsStored, hints.stored)
        reading.add(BackgroundMetrics.hintsDelivered, hints.delivered)
        reading.add(BackgroundMetrics.hintsDropped, ["expired"], hints.expired)
        reading.add(BackgroundMetrics.hintsDropped, ["no_room"], hints.unkept)
        reading.add(BackgroundMetrics.writesWithoutHints, hints.refusedWrites)
    }

    private func tellLayout(_ reading: inout MetricReading) {
        let view = gate.view
        let filling = keeper.filling.withLock { $0 }
        reading.add(BackgroundMetrics.partitions, view.held.count { $0 })
        reading.add(BackgroundMetrics.transferPartitions, filling?.partitions ?? 0)
        reading.add(BackgroundMetrics.transferLeft, filling?.partitionsLeft ?? 0)
        reading.add(BackgroundMetrics.transferRows, filling?.rows ?? 0)
        reading.add(BackgroundMetrics.transferBytes, filling?.bytes ?? 0)
        reading.add(BackgroundMetrics.layoutVersion, Double(view.history.latest.version))
        reading.add(BackgroundMetrics.layoutChanging, view.history.next == nil ? 0 : 1)
    }

    private func tellAntiEntropy(_ reading: inout MetricReading) {
        let status = antiEntropyStatus
        let sum = status.comparisons.sum
        // By the clock of the loop that the driver runs on.
        let now = shards[0].loop.now
        let millis = now.uptimeNanoseconds / 1_000_000
        let start = begun.time.uptimeNanoseconds / 1_000_000
        var oldest: UInt64 = 0
        for peer in status.comparisons.peers {
            guard peer.isUp, peer.due != nil else { continue }
            let last = peer.totals.lastRoundAt ?? start
            oldest = max(oldest, millis - min(millis, last))
        }
        reading.add(BackgroundMetrics.rounds, sum.rounds)
        reading.add(BackgroundMetrics.oldestRound, Double(oldest) / 1_000)
        reading.add(BackgroundMetrics.comparisons, ["done"], sum.comparisons - sum.failures)
        reading.add(BackgroundMetrics.comparisons, ["failed"], sum.failures)
        reading.add(BackgroundMetrics.roots, sum.partitions)
        reading.add(BackgroundMetrics.leaves, sum.leavesDiffering)
        reading.add(BackgroundMetrics.keysCompared, sum.keysCompared)
        reading.add(BackgroundMetrics.keysDiffering, sum.keysDiffering)
        reading.add(BackgroundMetrics.keysRepaired, ["local"], sum.repairedHere)
        reading.add(BackgroundMetrics.keysRepaired, ["remote"], sum.repairedThere)
        reading.add(BackgroundMetrics.keysFailed, sum.keysFailed)
        reading.add(BackgroundMetrics.entropyBytes, sum.bytes)
        reading.add(BackgroundMetrics.trees, ["complete"], status.completeTrees)
        reading.add(BackgroundMetrics.trees, ["building"], status.trees - status.completeTrees)
    }

    private func tellMembers(_ reading: inout MetricReading) {
        let members = gossipMembers
        for state in Liveness.allCases {
            reading.add(
                BackgroundMetrics.gossipMembers, ["\(state)"], members.count { $0.liveness == state })
        }
        let gossip = gossip.figures
        reading.add(BackgroundMetrics.probes, ["answered"], gossip.counts.answeredProbes)
        reading.add(BackgroundMetrics.probes, ["failed"], gossip.counts.failedProbes)
        reading.add(BackgroundMetrics.suspicions, gossip.counts.suspicions)
        reading.add(BackgroundMetrics.refutations, gossip.counts.refutations)
        reading.add(BackgroundMetrics.localHealth, gossip.healthScore)
        let others = gate.view.layout.readable.members.filter { $0.id != selfID }
        let connected = connectedPeers.withLock { peers in others.count { peers[$0.id] != nil } }
        reading.add(BackgroundMetrics.peersConnected, connected)
        reading.add(BackgroundMetrics.peers, others.count)
        reading.add(BackgroundMetrics.isReady, isReady ? 1 : 0)
        let refused = clockWatch.refused
        reading.add(BackgroundMetrics.refusedTimestamps, refused.count)
        reading.add(BackgroundMetrics.clockOffset, Double(refused.furthestMillis) / 1_000)
        if let clocks = gossip.clocks {
            reading.add(BackgroundMetrics.furthestClock, Double(clocks.furthestMillis) / 1_000)
            reading.add(BackgroundMetrics.medianClock, Double(clocks.medianMillis) / 1_000)
        }
    }
}
