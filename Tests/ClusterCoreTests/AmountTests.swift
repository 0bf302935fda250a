import Testing

@testable import ClusterCore

@Suite struct AmountTests {
    private func parsed(_ text: String) -> Amount? { Amount(decimal: Array(text.utf8)) }

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("10", "10"), ("-5", "-5"), ("10.50", "10.5"), ("+3", "3"), (".5", "0.5"),
        ("5.", "5"), ("3e3", "3000"), ("5.0E-1", "0.5"), ("1e-17", "0.00000000000000001"),
        ("1e-18", "0"), ("5e-18", "0.00000000000000001"), ("-5e-18", "-0.00000000000000001"),
        ("0e10000000000", "0"), ("0.1000000000000000000000000000000000000000000000009", "0.1"),
        ("000000000000000000000000000000000000000000000000007", "7"),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("1701411834604692317316", "1701411834604692317316"), ("1e21", "1000000000000000000000"),
    ]) func aNumberIsReadAndShown(text: String, shown: String) {
        #expect(parsed(text)?.text == shown)
    }

    @Test(arguments: [
        "", "-", ".", "e5", "1e", "1e+", "1 ", " 1", "1.2.3", "0x10", "inf", "nan", "1,5", "--1", "1e5.0",
        "1701411834604692317317", "1e22", "1e99999999999", "99999999999999999999999999999999999999999999",
    ]) func whatIsNoNumberOrOutOfRangeIsNone(text: String) { #expect(parsed(text) == nil) }

    @Test func wholeNumbersAreIntegers() {
        #expect(parsed("7")?.integer == 7 && Amount(.min).integer == .min && Amount(.max).integer == .max)
        #expect(parsed("7.5")?.integer == nil && parsed("9223372036854775808")?.integer == nil)
    }

    @Test func sumsAreExact() {
        let tenth = parsed("0.1")!
        let sum = (0..<10).reduce(Amount.zero) { sum, _ in sum.adding(tenth)! }
        #expect(sum == Amount(1))
        #expect(tenth.adding(parsed("0.2")!)?.text == "0.3")
        let most = Amount(units: .max)
        #expect(most.adding(tenth) == nil && most.addingSaturating(tenth) == most)
        let least = Amount(units: .min)
        #expect(least.adding(parsed("-0.1")!) == nil && least.addingSaturating(parsed("-0.1")!) == least)
        #expect(least.text == "-1701411834604692317316.87303715884105728")
    }
}
