import Testing

@testable import LogLimits

@Suite struct RepetitionTests {
    @Test func theFirstIsToldAndTheRestOfTheIntervalCounted() {
        var repetition = Repetition(every: 100)
        #expect(repetition.occurred(at: 7) == 0)
        #expect(repetition.occurred(at: 7) == nil)
        #expect(repetition.occurred(at: 106) == nil)
        #expect(repetition.leftOut == 2 && repetition.due == 107)
        #expect(repetition.occurred(at: 107) == 2)
        #expect(repetition.leftOut == 0)
    }

    @Test func anIntervalHoldsAsManyAsAreAllowed() {
        var repetition = Repetition(every: 100, most: 2)
        #expect([0, 1, 2, 3].map { repetition.occurred(at: $0) } == [0, 0, nil, nil])
        #expect(repetition.occurred(at: 100) == 2)
        var none = Repetition(every: 100, most: 0)
        #expect(none.occurred(at: 0) == nil && none.occurred(at: 1_000) == nil && none.leftOut == 2)
    }

    @Test func whatWasLeftOutIsTakenOnceItsIntervalIsOver() {
        var repetition = Repetition(every: 100)
        #expect(repetition.takeLeftOut(at: 0) == 0)
        for time: UInt64 in [0, 1, 2] { _ = repetition.occurred(at: time) }
        #expect(repetition.takeLeftOut(at: 99) == 0)
        #expect(repetition.takeLeftOut(at: 100) == 2)
        #expect(repetition.takeLeftOut(at: 300) == 0)
        // Telling of them was the line of the interval that began with it.
        #expect(repetition.occurred(at: 199) == nil)
        #expect(repetition.occurred(at: 200) == 1)
    }

    @Test func whatComesBackAfterItsEndIsToldAtOnce() {
        var repetition = Repetition(every: 100)
        for time: UInt64 in [0, 1, 2] { _ = repetition.occurred(at: time) }
        #expect(repetition.end() == 2)
        #expect(repetition.occurred(at: 3) == 0)
        #expect(repetition.end() == 0)
    }
}
