import Cluster
import ClusterCore
import Testing

@Suite struct WorkloadReportTests {
    private func report(of node: TestCluster.TestNode) async -> WorkloadReport {
        await withCheckedContinuation { done in node.node.workload { done.resume(returning: $0) } }
    }

    /// Five nodes, so that two of five requests are sent on.
    @Test func aRequestIsCountedAtTheNodeThatAClientAskedAndThereAlone() async throws {
        try await TestCluster.with(nodes: 5, { $0.workloadSampleEvery = 1 }) { cluster in
            // The nodes have been asked for something already, to see whether they have met.
            var before: [WorkloadReport] = []
            for node in cluster.nodes { before.append(await report(of: node)) }
            let asked = cluster.nodes[1]
            for index in 0..<40 { _ = try await asked.put("key\(index)", "value") }
            for index in 0..<50 { _ = try await asked.get("key\(index)") }
            _ = await asked.serve(.list(ListRequest(bucket: "b", limit: 7)))
            let report = await report(of: asked)
            let (old, new) = (before[1].shape, report.shape)
            #expect(report.node == "n1" && report.sampleEvery == 1)
            #expect(report.uptimeMillis >= before[1].uptimeMillis && before[1].uptimeMillis >= 0)
            #expect(report.startedMillis == cluster.clock.now)
            #expect(new.counts.puts == 40 && new.counts.gets - old.counts.gets == 50)
            #expect(new.counts.lists == 1 && new.counts.deletes == 0 && new.counts.updates == 0)
            #expect(new.counts.notFound - old.counts.notFound == 10)
            #expect(new.counts.valueBytes.counts[3] == 40 && new.counts.listLimits.counts[3] == 1)
            #expect(new.samples - old.samples == 90)
            let earlier = Set(old.popularity.map(\.label))
            let added = new.popularity.filter { !earlier.contains($0.label) }
            #expect(added.count == 50 && added.count { $0.count == 2 } == 40)
            for other in [0, 2, 3, 4] {
                #expect(await self.report(of: cluster.nodes[other]).shape == before[other].shape)
            }
        }
    }

    @Test func whatIsRefusedBeforeItIsServedIsNotCounted() async throws {
        try await TestCluster.with { cluster in
            let node = cluster.nodes[0]
            let before = await report(of: node).shape
            _ = await node.serve(.get(GetRequest(bucket: "b", key: [])))
            #expect(await report(of: node).shape == before)
        }
    }

    @Test func aNodeThatDoesNotWatchSaysSo() async throws {
        try await TestCluster.with({ $0.workloadSampleEvery = 0 }) { cluster in
            let node = cluster.nodes[0]
            _ = try await node.put("k", "v")
            let report = await report(of: node)
            #expect(report.sampleEvery == 0 && report.shape == WorkloadShape())
        }
    }
}
