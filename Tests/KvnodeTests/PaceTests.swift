import Testing

@testable import kvnode

@Suite struct PaceTests {
    private func text(_ pace: inout Pace, _ fraction: Double, _ amount: Double, _ seconds: Double) -> String {
        pace.text(fraction: fraction, amount: amount, seconds: seconds) { "\(Int($0)) keys" }
    }

    @Test func theRateAndTheTimeLeftAreThoseSinceTheFirstLook() {
        var pace = Pace()
        #expect(text(&pace, 0.5, 1000, 100) == "")
        // Too soon to tell.
        #expect(text(&pace, 0.6, 2000, 100.5) == "")
        #expect(text(&pace, 0.75, 3000, 110) == ", 200 keys/s, 10 s left")
        #expect(text(&pace, 1, 5000, 120) == ", 200 keys/s")
    }

    @Test func withoutProgressNothingIsSaidOfTheEnd() {
        var pace = Pace()
        _ = text(&pace, 0, 0, 0)
        #expect(text(&pace, 0.005, 10, 10) == ", 1 keys/s")
    }
}
