import Testing

@testable import ClusterCore

/// The form in which histories are stored and sent.
@Suite struct LayoutHistoryCodecTests {
    private typealias Cluster = LayoutCluster

    /// Histories of random runs, in all stages.
    private func samples() throws -> [LayoutHistory] {
        try (UInt64(0)..<8).flatMap { seed in
            let model = try LayoutModel(seed: seed)
            for _ in 0..<1_000 { model.step() }
            return model.samples
        }
    }

    @Test func roundTrips() throws {
        let samples = try samples()
        for history in samples {
            let bytes = history.encoded()
            let decoded = try LayoutHistory.decode(bytes)
            #expect(decoded == history)
            #expect(decoded.encoded() == bytes)
        }
        for stage in [LayoutHistory.Stage.stable, .deciding, .adopting, .filling, .releasing] {
            #expect(samples.contains { $0.stage == stage }, "no sample is \(stage)")
        }
        #expect(samples.contains { !$0.absences.isEmpty } && samples.contains { !$0.staged.isEmpty })
    }

    @Test func refusesWhatIsCutOffLongerOrOfAnotherVersion() throws {
        for history in try samples().suffix(10) {
            let bytes = history.encoded()
            for length in 0..<bytes.count {
                #expect(throws: CodecError.self) { try LayoutHistory.decode(Array(bytes.prefix(length))) }
            }
            #expect(throws: CodecError.self) { try LayoutHistory.decode(bytes + [0]) }
            #expect(throws: CodecError(.unknownVersion(2), "layout history")) {
                try LayoutHistory.decode([2] + bytes.dropFirst())
            }
        }
    }

    /// Damage throws, or gives a history with these very bytes that nothing traps on.
    @Test func damagedHistoriesNeverTrap() throws {
        let samples = try samples()
        var random = VersionRandom(seed: 9)
        var accepted = 0
        for _ in 0..<20_000 {
            let sample = samples[random.below(samples.count)]
            let bytes = CodecSamples.mutate(sample.encoded(), &random)
            guard var history = try? LayoutHistory.decode(bytes) else { continue }
            #expect(history.encoded() == bytes)
            accepted += 1
            history.merge(sample)
            let node = history.current.members[0].id
            history.advance(as: node)
            for duty in history.duties(of: node) {
                if case .adopt(let version, let digest) = duty {
                    history.confirm(.adopted, version: version, digest: digest, by: node)
                }
            }
            _ = try? history.declareLost(node)
            _ = try? history.commit(by: node, expecting: history.current.version)
            _ = history.view(for: node).replicas(ofPartition: 0, n: 2)
        }
        #expect(accepted > 500)
    }

    @Test func refusesHistoriesThatCannotBe() throws {
        var cluster = try Cluster("a b c", others: "d")
        try cluster.stage(.join(Cluster.member("d")), at: "a")
        try cluster.commit(at: "a")
        cluster.spread("a b c d")
        let open = cluster["a"]
        func refuses(_ change: (inout LayoutHistory) -> Void) -> Bool {
            var history = open
            change(&history)
            return (try? LayoutHistory.decode(history.encoded())) == nil
        }
        #expect(!refuses { _ in })
        #expect(refuses { $0.next = $0.current }, "a change to the same version")
        #expect(refuses { $0.previous = $0.current }, "two changes")
        #expect(refuses { $0.progress[Cluster.id("a")] = LayoutProgress(version: 1, step: .released) })
        #expect(refuses { $0.current = Self.layout(of: $0.current, version: 1 << 48) }, "too great a version")
        #expect(
            refuses { history in
                // All have confirmed, and nobody has drawn the conclusion.
                for member in history.latest.members {
                    history.progress[member.id] = LayoutProgress(version: 2, step: .filled)
                }
            })
    }

    private static func layout(of layout: Layout, version: UInt64) -> Layout {
        Layout(
            version: version, partitionCount: layout.partitionCount,
            replicationFactor: layout.replicationFactor, members: layout.members, table: layout.table)
    }

    /// Of docs/formats.md.
    @Test func theFormatIsAsDocumented() throws {
        let layout = try Layout.initial(
            members: [Member(name: "a", address: "h:1", zone: "z", weight: 1)], partitionCount: 2)
        var history = LayoutHistory(layout)
        try history.stage(.leave(Cluster.id("a")), by: NodeID(rawValue: 7))
        try history.declareLost(Cluster.id("a"), force: true)
        let a = (0..<8).map { UInt8(truncatingIfNeeded: Cluster.id("a").rawValue >> (56 - 8 * UInt64($0))) }
        let current: [UInt8] =
            [1, 1, 3, 1] + [1, 0x61, 3, 0x68, 0x3a, 0x31, 1, 0x7a] + [0x3f, 0xf0, 0, 0, 0, 0, 0, 0] + [0, 0]
        let election: [UInt8] = [0, 0, 0]
        let absences: [UInt8] = [1] + a + [1, 1]
        let staging: [UInt8] = [1] + a + [1] + [0, 0, 0, 0, 0, 0, 0, 7] + [1, 0]
        #expect(history.encoded() == [1] + current + [0, 0] + election + [0] + absences + staging)
    }

    @Test func aLargeHistoryIsCompact() throws {
        let members = (0..<100).map { Member(name: "node-\($0)", address: "10.0.0.\($0):7401") }
        let history = LayoutHistory(try Layout.initial(members: members, partitionCount: 4_096))
        #expect(history.encoded().count < 4_096 * 3 + 100 * 40, "a byte for each replica")
    }
}
