import Testing

@testable import ClusterCore

@Suite struct RequestTimelineTests {
    private typealias Entry = RequestTimeline.Entry

    private func node(_ number: Int) -> NodeID { NodeID(rawValue: UInt64(number)) }

    @Test func eachNodeHasTheTimeFromItsAskToItsAnswer() {
        var timeline = RequestTimeline()
        #expect(timeline.entries.isEmpty)
        timeline.asked(node(1), to: .commit, at: 0)
        timeline.ended(node(1), .answered, at: 40)
        timeline.asked(node(2), to: .store, at: 40)
        timeline.asked(node(3), to: .store, at: 40)
        timeline.ended(node(3), .failed, at: 90)
        #expect(
            timeline.entries == [
                Entry(node: node(1), step: .commit, outcome: .answered, asked: 0, ended: 40),
                Entry(node: node(2), step: .store, asked: 40),
                Entry(node: node(3), step: .store, outcome: .failed, asked: 40, ended: 90),
            ])
        #expect(timeline.entries.map { $0.duration(at: 1_000) } == [40, 960, 50])
    }

    @Test func anAnswerCountsOnceAndForWhatWasAskedLast() {
        var timeline = RequestTimeline()
        timeline.ended(node(1), .answered, at: 1)
        #expect(timeline.entries.isEmpty)
        timeline.asked(node(1), to: .read, at: 0)
        timeline.ended(node(1), .answered, at: 5)
        timeline.ended(node(1), .failed, at: 6)
        timeline.asked(node(1), to: .store, at: 7)
        timeline.ended(node(1), .answered, at: 9)
        #expect(timeline.entries.map(\.ended) == [5, 9])
        #expect(timeline.entries.map(\.outcome) == [.answered, .answered])
    }

    @Test func ofMoreThanAreKeptTheSlowestStay() {
        var timeline = RequestTimeline()
        for number in 0..<RequestTimeline.capacity {
            timeline.asked(node(number), to: .list, at: 0)
            // Node 3 is the quickest, then 4.
            let time = number == 3 ? 1 : number == 4 ? 2 : 100
            timeline.ended(node(number), .answered, at: UInt32(time))
        }
        timeline.asked(node(20), to: .list, at: 100)
        timeline.asked(node(21), to: .list, at: 100)
        #expect(timeline.entries.map(\.node.rawValue) == [0, 1, 2, 20, 21, 5, 6, 7])
        // Who is silent is never forgotten for another.
        var silent = RequestTimeline()
        for number in 0...RequestTimeline.capacity { silent.asked(node(number), to: .list, at: 0) }
        #expect(silent.entries.map(\.node.rawValue) == Array(0..<UInt64(RequestTimeline.capacity)))
    }

    @Test func aClockThatIsBehindGivesNoNegativeTime() {
        #expect(Entry(node: node(1), step: .read, asked: 10).duration(at: 3) == 0)
    }
}
