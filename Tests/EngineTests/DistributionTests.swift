import Engine
import Testing

@Suite struct DistributionTests {
    @Test func `a value counts below the first bound that is not less`() {
        let bounds = Distribution.Bounds.commitSizes
        var distribution = Distribution(bounds)
        for value in [0, 1, 2, 3, 4, 5, 4_096, 4_097, 1_000_000] { distribution.add(value) }
        // Up to 1, 2, 4, 8 and 4,096, and beyond.
        #expect(distribution.counts == [2, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2])
        #expect(distribution.counts.count == bounds.values.count + 1)
        #expect(distribution.sum == 1_008_208)
    }
}
