import Testing

@testable import ClusterCore

/// A trace that goes along with a request between nodes.
@Suite struct TraceCodecTests {
    private static let key = StorageKey(bucket: "b", key: [9], partitionCount: 1)

    private func request(_ trace: TraceContext?) -> PeerRequestMessage {
        PeerRequestMessage(
            id: 7, timeoutMillis: 256, epoch: LayoutEpoch(rawValue: 5), trace: trace, body: .get(Self.key))
    }

    private func trace(isSampled: Bool = true) throws -> TraceContext {
        try #require(
            TraceContext(
                traceparent: "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-\(isSampled ? "01" : "00")"
            ))
    }

    @Test func theFormatIsAsDocumented() throws {
        let traced = encoded([request(try trace())])
        let header: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 1, 0, 5]
        #expect(
            traced == [0, 0, 0, 44, 65] + header + Array(1...24 as ClosedRange<UInt8>) + [
                5, 0, 0, 1, 0x62, 9,
            ])
        #expect(try decodedRequests(traced) == [request(try trace())])
    }

    @Test func whatIsNotRecordedTakesNoBytes() throws {
        let plain = encoded([request(nil)])
        #expect(encoded([request(try trace(isSampled: false))]) == plain)
        #expect(encoded([request(try trace())]).count == plain.count + 24)
        #expect(try decodedRequests(plain)[0].trace == nil)
    }

    @Test(arguments: [5 + 13..<5 + 13 + 16, 5 + 13 + 16..<5 + 13 + 24]) func aTraceWithoutANameIsRefused(
        zeroed: Range<Int>
    ) throws {
        var batch = encoded([request(try trace())])
        for index in zeroed { batch[index] = 0 }
        #expect(throws: CodecError(.malformed, "a trace without a name")) { try decodedRequests(batch) }
    }

    @Test func anUnknownKindIsRefusedWithATraceToo() throws {
        var batch = encoded([request(try trace())])
        for kind in [0, 12, 63, 129] as [UInt8] {
            batch[4] = kind | 64
            #expect(throws: CodecError.self) { try decodedRequests(batch) }
        }
    }
}
