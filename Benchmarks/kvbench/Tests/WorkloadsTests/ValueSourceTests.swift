import Testing

@testable import Workloads

@Suite struct ValueSourceTests {
    private static let source = ValueSource()

    private func value(_ size: Int, record: Int = 1, version: Int = 1) -> [UInt8] {
        var value: [UInt8] = []
        Self.source.append(size: size, record: record, version: version, to: &value)
        return value
    }

    @Test(arguments: [0, 1, 1_000, 65_536, ValueSource.blockSize, ValueSource.blockSize * 5 / 2])
    func `a value has its size`(_ size: Int) {
        #expect(value(size).count == size)
    }

    @Test func `a value goes behind what is there`() {
        var output: [UInt8] = [1, 2, 3]
        Self.source.append(size: 100, record: 1, version: 1, to: &output)
        #expect(output == [1, 2, 3] + value(100))
    }

    @Test func `another source gives the same values`() {
        var other: [UInt8] = []
        ValueSource().append(size: 1_000, record: 8, version: 3, to: &other)
        #expect(other == value(1_000, record: 8, version: 3))
    }

    @Test func `records and versions have values of their own`() {
        var values = Set<[UInt8]>()
        for record in 0..<20 {
            for version in 0..<20 { values.insert(value(16, record: record, version: version)) }
        }
        #expect(values.count == 400)
    }

    @Test func `a value larger than the block goes on at its start`() {
        let once = value(ValueSource.blockSize)
        #expect(value(2 * ValueSource.blockSize) == once + once)
        #expect(once.prefix(64) != once.suffix(64))
    }

    @Test func `bytes are random, so that they can't be compressed`() {
        let bytes = value(262_144)
        var single = [Int](repeating: 0, count: 256)
        var pairs = [Int](repeating: 0, count: 65_536)
        for byte in bytes { single[Int(byte)] += 1 }
        for index in stride(from: 0, to: bytes.count, by: 2) {
            pairs[Int(bytes[index]) << 8 | Int(bytes[index + 1])] += 1
        }
        #expect(fitUniformly(single))
        #expect(fitUniformly(pairs))
    }
}
