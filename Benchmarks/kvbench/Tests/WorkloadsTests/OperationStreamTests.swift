import Testing

@testable import Workloads

@Suite struct OperationStreamTests {
    private func operations(
        _ workload: Workload, records: Int = 1_000, seed: UInt64 = 1, client: Int = 0, count: Int = 1_000
    ) -> [Workloads.Operation] {
        var stream = OperationStream(workload: workload, records: records, seed: seed, client: client)
        var recordCount = records
        return (0..<count).map { _ in
            let operation = stream.next(recordCount: recordCount)
            if operation.kind == .insert { recordCount += 1 }
            return operation
        }
    }

    @Test(arguments: Workload.all)
    func `the same seed and client give the same operations`(_ workload: Workload) {
        let records = workload.startsEmpty ? 0 : 1_000
        #expect(operations(workload, records: records) == operations(workload, records: records))
    }

    @Test func `another seed, client or workload gives others`() {
        let first = operations(.a)
        for other in [operations(.a, seed: 2), operations(.a, client: 1), operations(.b)] {
            // Kinds and hot records are the same now and then, by chance.
            #expect(zip(first, other).count { $0 == $1 } < 700)
        }
        #expect(operations(.a, client: 1) != operations(.a, client: 2))
    }

    @Test func `an insert has no record yet, everything else has`() {
        for operation in operations(.d) + operations(.e) + operations(.deleteHeavy) {
            #expect((operation.record == nil) == (operation.kind == .insert))
        }
    }

    @Test func `only scans have a length, and all lengths are as likely`() {
        let all = operations(.e, count: 50_000)
        #expect(all.allSatisfy { ($0.scanLength == 0) == ($0.kind != .scan) })
        var lengths = all.filter { $0.kind == .scan }.map { $0.scanLength - 1 }
        #expect(fitUniformly(counts(bins: 100, draws: lengths.count) { lengths.removeLast() }))
        #expect(operations(.list).allSatisfy { $0.scanLength == 100 })
    }

    @Test func `an empty store is only inserted into`() {
        #expect(operations(.load, records: 0).allSatisfy { $0.kind == .insert && $0.record == nil })
    }

    @Test func `clients share their hot records although they begin at different counts`() {
        func hottest(client: Int, recordCount: Int) -> Int? {
            var stream = OperationStream(workload: .e, records: 1_000, seed: 1, client: client)
            var counts: [Int: Int] = [:]
            for _ in 0..<5_000 {
                if let record = stream.next(recordCount: recordCount).record {
                    counts[record, default: 0] += 1
                }
            }
            return counts.max { $0.value < $1.value }?.key
        }
        #expect(hottest(client: 0, recordCount: 1_000) == hottest(client: 1, recordCount: 1_020))
    }
}
