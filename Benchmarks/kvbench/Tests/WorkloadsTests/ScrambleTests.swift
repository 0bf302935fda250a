import Testing

@testable import Workloads

@Suite struct ScrambleTests {
    /// Computed by another program.
    @Test func `the hash is FNV-1a`() {
        #expect(Scramble.hash(0) == 0xA8C7_F832_281A_39C5)
        #expect(Scramble.hash(1) == 0x89CD_3129_1D2A_EFA4)
        #expect(Scramble.hash(123_456_789) == 0xDF60_4AC5_D726_CE19)
        #expect(Scramble.hash(.max) == 0x8CF5_1A8B_FCA3_883D)
    }

    @Test(arguments: [100_000, 150_000, 300_000])
    func `hot ranks are spread over all records that can be drawn`(_ recordCount: Int) {
        let scramble = Scramble(records: 100_000)
        let drawable = min(recordCount, 200_000)
        var rank = -1
        let counts = counts(bins: 20, draws: 10_000) {
            rank += 1
            return scramble.record(ofRank: rank, recordCount: recordCount) * 20 / drawable
        }
        #expect(fitUniformly(counts))
    }

    @Test func `an insert moves nothing but to the new record`() {
        let scramble = Scramble(records: 500)
        var moved = 0
        for rank in 0..<500 {
            for count in 500..<1_000 {
                let before = scramble.record(ofRank: rank, recordCount: count)
                let after = scramble.record(ofRank: rank, recordCount: count + 1)
                #expect(before < count)
                #expect(after == before || after == count)
                if after != before { moved += 1 }
            }
        }
        // Each of 500 ranks moves to new record i with a chance of 1 in i: 500 times the sum, 0.69.
        #expect((300...400).contains(moved))
    }
}
