import Testing

@testable import ClusterCore

@Suite struct EntropyBuilderTests {
    private func actions(_ event: (inout [TreeBuilder.Action]) -> Void) -> [TreeBuilder.Action] {
        var actions: [TreeBuilder.Action] = []
        event(&actions)
        return actions
    }

    @Test func pagesFollowEachOtherAtTheRateAllowed() {
        var builder = TreeBuilder(limits: .init(pageBytes: 1000, bytesPerSecond: 10_000, retryPause: 70))
        let scan = [TreeBuilder.Action.scan(maxBytes: 1000)]
        #expect(actions { builder.tick(now: 5000, &$0) }.isEmpty)
        #expect(actions { builder.needed(&$0) } == scan)
        // 100 ms for a page, of which the burst covers 50.
        #expect(
            actions { builder.scanned(bytes: 1000, isComplete: false, now: 5000, &$0) } == [.wake(at: 5050)])
        #expect(actions { builder.tick(now: 5049, &$0) }.isEmpty)
        #expect(actions { builder.needed(&$0) }.isEmpty)
        #expect(actions { builder.tick(now: 5050, &$0) } == scan)
        #expect(actions { builder.failed(now: 5060, &$0) } == [.wake(at: 5130)])
        #expect(actions { builder.failed(now: 5060, &$0) }.isEmpty)
        #expect(actions { builder.tick(now: 5130, &$0) } == scan)
        #expect(actions { builder.scanned(bytes: 10, isComplete: false, now: 5131, &$0) } == scan)
        #expect(actions { builder.scanned(bytes: 10, isComplete: true, now: 5132, &$0) }.isEmpty)
        #expect(actions { builder.scanned(bytes: 10, isComplete: false, now: 5132, &$0) }.isEmpty)
        #expect(actions { builder.needed(&$0) } == scan)
    }

    /// The page found all trees complete, and then some were unbuilt before its end was told.
    @Test func anUnbuildDuringAScanIsNotForgotten() {
        var builder = TreeBuilder(limits: .init())
        #expect(actions { builder.needed(&$0) }.count == 1)
        #expect(actions { builder.needed(&$0) }.isEmpty)
        #expect(
            actions { builder.scanned(bytes: 1, isComplete: true, now: 9, &$0) } == [
                .scan(maxBytes: 128 << 10)
            ])
        #expect(actions { builder.scanned(bytes: 1, isComplete: true, now: 9, &$0) }.isEmpty)
    }
}
