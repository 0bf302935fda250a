import Testing

@testable import ClusterCore

@Suite("Names of spans")
struct SpanIDsTests {
    @Test("none is 0, which stands for no trace and no span")
    func neverZero() {
        /// Draws what stands for nothing before it draws what does not.
        struct Unlucky: RandomNumberGenerator {
            var numbers: [UInt64]
            mutating func next() -> UInt64 { numbers.removeFirst() }
        }
        var random = Unlucky(numbers: [0, 0, 0, 7, 0, 9])
        let context = SpanIDs.root(&random)
        #expect(context.traceID == TraceContext.TraceID(high: 0, low: 7))
        #expect(context.spanID == 9 && context.isSampled)
    }

    @Test("a child is of its parent's trace, and recorded if that is")
    func child() throws {
        var ids = SpanIDs(seed: 1)
        var parent = ids.root()
        for isSampled in [false, true] {
            parent.isSampled = isSampled
            let child = ids.child(of: parent)
            #expect(child.traceID == parent.traceID && child.isSampled == isSampled)
            #expect(child.spanID != parent.spanID)
        }
    }

    @Test("the same seed names the same, another does not")
    func seeds() {
        var (a, b, c) = (SpanIDs(seed: 1), SpanIDs(seed: 1), SpanIDs(seed: 2))
        let (first, second, third) = (a.root(), b.root(), c.root())
        #expect(first == second && first.traceID != third.traceID)
        #expect(a.span() == b.span() && a.span() != c.span())
    }
}
