import Testing

@testable import TextAPI

@Suite struct GlobPatternTests {
    @Test(arguments: [
        ("", "", true), ("", "a", false), ("*", "", true), ("*", "abc", true), ("a*", "abc", true),
        ("a*", "bac", false), ("*c", "abc", true), ("*b", "abc", false), ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false), ("**a**", "bab", true), ("?", "a", true), ("?", "", false),
        ("a?c", "abc", true),
        ("[ab]c", "bc", true), ("[ab]c", "cc", false), ("[^ab]c", "cc", true), ("[^ab]c", "ac", false),
        ("[a-c]", "b", true), ("[c-a]", "b", true), ("[a-c]", "d", false), ("[a", "a", true),
        ("[", "[", false),
        ("\\*", "*", true), ("\\*", "a", false), ("[\\]]", "]", true), ("a\\", "a\\", true),
    ])
    func matches(pattern: String, text: String, expected: Bool) {
        #expect(GlobPattern(Array(pattern.utf8)).matches(Array(text.utf8)) == expected)
    }

    /// Where each star were tried anew for each other, this would take for ever.
    @Test func manyStarsEnd() {
        let pattern = GlobPattern(Array(String(repeating: "a*", count: 1_000).utf8) + [0])
        #expect(!pattern.matches([UInt8](repeating: UInt8(ascii: "a"), count: 10_000)))
    }
}
