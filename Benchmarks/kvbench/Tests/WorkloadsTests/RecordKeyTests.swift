import Testing
import Workloads

@Suite struct RecordKeyTests {
    private func key(_ number: Int) -> [UInt8] {
        var key: [UInt8] = []
        RecordKey.write(number, into: &key)
        return key
    }

    @Test(arguments: [
        (0, "user000000000000"), (7, "user000000000007"), (9_876_543_210, "user009876543210"),
        (999_999_999_999, "user999999999999"),
    ])
    func `a key is "user" and twelve digits`(_ number: Int, _ text: String) {
        #expect(String(decoding: key(number), as: UTF8.self) == text)
        #expect(key(number).count == RecordKey.length)
    }

    @Test func `a key goes behind what is there`() {
        var output = Array("GET ".utf8)
        RecordKey.write(42, into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "GET user000000000042")
    }

    @Test func `keys are sorted as their numbers`() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<1_000 {
            // Of all lengths.
            let numbers = (0..<2).map { _ in Int(random.next() >> 25) >> random.next(below: 39) }
            let precedes = key(numbers[0]).lexicographicallyPrecedes(key(numbers[1]))
            #expect(precedes == (numbers[0] < numbers[1]), "\(numbers)")
        }
    }
}
