import Testing

@testable import Workloads

@Suite struct WorkloadTests {
    @Test(arguments: Workload.all)
    func `shares sum to one`(_ workload: Workload) {
        #expect(abs(OperationKind.allCases.reduce(0) { $0 + workload.mix.share(of: $1) } - 1) < 1e-9)
    }

    @Test func `each name names one`() {
        let names = [
            "a", "b", "c", "d", "e", "f", "load", "write-heavy", "large", "delete-heavy", "conflict", "list",
            "steady",
        ]
        #expect(Workload.all.map(\.name) == names)
        for name in names { #expect(Workload.named(name)?.name == name) }
        #expect(Workload.named("A") == nil)
    }

    @Test(arguments: Workload.all)
    func `kinds come as often as their shares`(_ workload: Workload) {
        var random = SplitMix64(seed: 5)
        let kinds = OperationKind.allCases
        let drawn = counts(bins: kinds.count, draws: 100_000) {
            kinds.firstIndex(of: workload.mix.kind(using: &random))!
        }
        let shares = kinds.map { workload.mix.share(of: $0) }
        for (count, share) in zip(drawn, shares) where share == 0 { #expect(count == 0) }
        let used = kinds.indices.filter { shares[$0] > 0 }
        #expect(fits(used.map { drawn[$0] }, used.map { shares[$0] }))
    }

    /// Bins of unlike shares, so that two kinds that are mistaken for each other show.
    @Test func `all six kinds can be mixed`() {
        let mix = Mix(read: 5, update: 10, insert: 15, scan: 17, modify: 23, delete: 30)
        var random = SplitMix64(seed: 6)
        let kinds: [OperationKind] = [.read, .update, .insert, .scan, .modify, .delete]
        let drawn = counts(bins: 6, draws: 100_000) { kinds.firstIndex(of: mix.kind(using: &random))! }
        #expect(fits(drawn, [0.05, 0.1, 0.15, 0.17, 0.23, 0.3]))
        #expect(kinds.map { mix.share(of: $0) } == [0.05, 0.1, 0.15, 0.17, 0.23, 0.3])
    }

    @Test func `a mix that was counted has the counts' shares`() {
        let mix = Mix(counted: [.read: 700, .update: 250, .delete: 50])
        var random = SplitMix64(seed: 7)
        let kinds: [OperationKind] = [.read, .update, .delete]
        let drawn = counts(bins: 3, draws: 100_000) { kinds.firstIndex(of: mix.kind(using: &random))! }
        #expect(fits(drawn, [0.7, 0.25, 0.05]))
        #expect(OperationKind.allCases.map { mix.share(of: $0) } == [0.7, 0.25, 0, 0, 0, 0.05])
    }

    @Test func `only a load begins without records, and inserts nothing but`() {
        for workload in Workload.all {
            #expect(workload.startsEmpty == (workload.mix.share(of: .insert) == 1), "\(workload.name)")
        }
    }
}
