import Foundation
import Results
import Testing

@Suite struct VariedTests {
    @Test func `one number is stored as itself, several as an array`() throws {
        let three = try #require(Varied([3, 5, 7]))
        #expect(try String(decoding: JSONEncoder().encode(three), as: UTF8.self) == "[3,5,7]")
        #expect(try JSONDecoder().decode(Varied.self, from: Data("[3,5,7]".utf8)) == three)
        #expect(try String(decoding: JSONEncoder().encode(3 as Varied), as: UTF8.self) == "3")
        #expect(try JSONDecoder().decode(Varied.self, from: Data("3".utf8)) == 3)
        for wrong in ["[]", "[3,3]", "\"3\""] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(Varied.self, from: Data(wrong.utf8))
            }
        }
    }

    @Test func `what people read`() throws {
        #expect("\(1_000_000 as Varied)" == "1,000,000")
        #expect(try "\(#require(Varied([3, 5, 7])))" == "3, 5 and 7")
    }

    @Test func `a limit takes the place of what is more`() throws {
        let varied = try #require(Varied([10, 100, 1_000]))
        #expect(varied.least == 10)
        #expect(varied.atMost(50).values == [10, 50])
        #expect(varied.atMost(100).values == [10, 100])
        #expect(varied.atMost(2_000) == varied)
        #expect(varied.atMost(5) == 5)
    }
}
