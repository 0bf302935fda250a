import Testing

@testable import TextAPI

@Suite struct RESPNumberTests {
    @Test func whatIsWrittenAsANumberIsOne() {
        for number in [0, 1, -1, 9, 10, 42, -100, 1_234_567_890, .max, .max - 1, .min, .min + 1] {
            #expect(RESPNumber.parse("\(number)".utf8) == number)
        }
    }

    @Test(arguments: [
        "", "-", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1a", "0x1", "1.0", "9223372036854775808",
        "-9223372036854775809", "99999999999999999999", "٣",
    ])
    func whatIsWrittenOtherwiseIsNone(_ text: String) { #expect(RESPNumber.parse(text.utf8) == nil) }
}
