import Simulation
import Testing

/// A small cluster's gossip. `kvsim gossip` measures large ones.
@Suite struct GossipTests {
    private func plan(loss: Double, crashes: Int, periods: Int) -> GossipPlan {
        var plan = GossipPlan()
        plan.nodes = 50
        plan.loss = loss
        plan.crashes = crashes
        plan.settlePeriods = 30
        plan.quietPeriods = periods
        return plan
    }

    @Test func aCrashIsKnownEverywhereWithin15Periods() {
        let figures = GossipSimulation.run(plan(loss: 0.01, crashes: 10, periods: 20), seed: 1)
        #expect(figures.bootPeriods < 20)
        #expect(figures.detection.count == 10 && figures.detection.allSatisfy { $0 <= 15 })
        #expect(figures.returns.allSatisfy { $0 <= 5 })
        #expect(figures.falseDeaths == 0)
    }

    @Test func lossAloneKillsNobody() {
        let figures = GossipSimulation.run(plan(loss: 0.05, crashes: 0, periods: 200), seed: 2)
        #expect(figures.falseDeaths == 0)
        #expect(0.0..<2_000 ~= figures.bytes)
    }

    @Test func aHealedPartitionBecomesOneCluster() throws {
        let periods = try #require(GossipSimulation.heal(plan(loss: 0.01, crashes: 0, periods: 0), seed: 3))
        #expect(periods < 60)
    }

    @Test func theSameSeedGivesTheSameFigures() {
        let small = plan(loss: 0.02, crashes: 2, periods: 10)
        let first = GossipSimulation.run(small, seed: 4)
        #expect(first == GossipSimulation.run(small, seed: 4))
        #expect(first.digest != GossipSimulation.run(small, seed: 5).digest)
    }
}
