import ArgumentParser
import Results
import Testing

@testable import kvbench

@Suite struct VariantsTests {
    private func variants(_ words: [String]) throws -> [(name: String, load: LoadOptions)] {
        try LoadOptions.parse(words).variants
    }

    @Test func `one number needs no name`() throws {
        let variants = try variants(["--nodes", "5"])
        #expect(variants.map(\.name) == [""])
        #expect(variants[0].load.nodeCount == 5)
        #expect(variants[0].load.records == 1_000_000)
    }

    @Test func `each number of nodes with each of records`() throws {
        let variants = try variants(["--nodes", "3,7", "--records", "1000,20000"])
        #expect(
            variants.map(\.name) == [
                "3 nodes 1,000 records", "3 nodes 20,000 records", "7 nodes 1,000 records",
                "7 nodes 20,000 records",
            ])
        #expect(variants.map(\.load.nodeCount) == [3, 3, 7, 7])
        #expect(variants.map { $0.load.recordCount(ofSize: 128) } == [1_000, 20_000, 1_000, 20_000])
    }

    @Test(arguments: ["", "3,", "3,3", "x", "3;5"])
    func `what is no list of numbers is refused`(_ text: String) {
        #expect(throws: (any Error).self) { try LoadOptions.parse(["--nodes", text]) }
    }

    @Test func `the least number counts for what is allowed`() {
        #expect(throws: (any Error).self) {
            try LoadOptions.parse(["--nodes", "2,3", "--n", "3"]).validateStarted()
        }
        #expect(throws: (any Error).self) { try LoadOptions.parse(["--records", "0,5"]) }
    }
}
