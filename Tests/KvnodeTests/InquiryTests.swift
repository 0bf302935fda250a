import Synchronization
import Testing

@testable import kvnode

@Suite struct InquiryTests {
    /// Answers when it is told to.
    private final class Source: Sendable {
        private let open = Mutex<[@Sendable (Int) -> Void]>([])
        private let asked = Mutex(0)

        var count: Int { asked.withLock { $0 } }
        var inquiry: Inquiry<Int> {
            Inquiry { whenAnswered in
                self.asked.withLock { $0 += 1 }
                self.open.withLock { $0.append(whenAnswered) }
            }
        }

        func answer(_ value: Int) {
            let all = open.withLock { open in
                defer { open = [] }
                return open
            }
            for each in all { each(value) }
        }
    }

    @Test func `an answer that comes at once is told, and kept`() async {
        let inquiry = Inquiry<Int> { $0(7) }
        #expect(inquiry.last == nil)
        #expect(await inquiry.answer(within: .seconds(60)) == 7)
        #expect(inquiry.last?.answer == 7)
    }

    @Test func `nobody waits longer than the limit, and what hangs is not asked again`() async {
        let source = Source()
        let inquiry = source.inquiry
        for _ in 0..<3 { #expect(await inquiry.answer(within: .milliseconds(1)) == nil) }
        #expect(source.count == 1)
        source.answer(1)
        #expect(inquiry.last?.answer == 1)
        // It has answered, so it is asked anew.
        #expect(await inquiry.answer(within: .milliseconds(1)) == nil)
        #expect(source.count == 2)
        #expect(inquiry.last?.answer == 1)
        // An open question and who is asked keep each other.
        source.answer(2)
    }

    @Test func `all who ask meanwhile share an answer`() async {
        let source = Source()
        let inquiry = source.inquiry
        // The first one is over, the question is still open.
        #expect(await inquiry.answer(within: .milliseconds(1)) == nil)
        async let first = inquiry.answer(within: .seconds(60))
        async let second = inquiry.answer(within: .seconds(60))
        while inquiry.waiterCount < 2 { await Task.yield() }
        source.answer(5)
        #expect(await [first, second] == [5, 5])
        #expect(source.count == 1)
    }
}
