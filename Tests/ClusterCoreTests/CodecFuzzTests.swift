import Testing

@testable import ClusterCore

/// Damaged messages throw or decode to something, but never trap; what decodes is what its bytes say.
@Suite struct CodecFuzzTests {
    @Test func mutatedMessagesNeverTrap() {
        var samples = CodecSamples(seed: 5)
        let requests = (0..<2000).map { _ in encoded([samples.peerRequest()]) }
        let replies = (0..<2000).map { _ in encoded([samples.peerReply()]) }
        var random = samples.random
        var (refused, accepted) = (0, 0)
        for _ in 0..<100_000 {
            let request = requests.randomElement(using: &random)!
            let reply = replies.randomElement(using: &random)!
            let decodes =
                switch random.below(4) {
                case 0: survivesAsRequest(CodecSamples.mutate(request, &random))
                case 1: survivesAsReply(CodecSamples.mutate(reply, &random))
                case 2: survivesAsRequest(damagedInside(request, &random))
                default: survivesAsReply(damagedInside(reply, &random))
                }
            if decodes { accepted += 1 } else { refused += 1 }
        }
        print("fuzzed peer messages: \(refused) refused, \(accepted) still well formed")
        #expect(refused > 30_000 && accepted > 1000)
    }

    @Test func mutatedVersionsAndHellosNeverTrap() {
        var samples = CodecSamples(seed: 6)
        let versions = (0..<2000).map { _ in VersionsCodec.encode(samples.versions()) }
        let hellos = (0..<200).map { _ in samples.hello().encode() }
        var random = samples.random
        var accepted = 0
        for _ in 0..<50_000 {
            let bytes = CodecSamples.mutate(versions.randomElement(using: &random)!, &random)
            if let versions = try? VersionsCodec.decode(bytes) {
                #expect(VersionsCodec.encode(versions) == bytes)
                accepted += 1
            }
            let hello = CodecSamples.mutate(hellos.randomElement(using: &random)!, &random)
            if let decoded = try? PeerHello.decode(hello) { #expect(decoded.encode() == hello) }
        }
        #expect(accepted > 1000)
    }

    @Test func noiseNeverTraps() {
        var samples = CodecSamples(seed: 7)
        for _ in 0..<20_000 {
            let noise = samples.bytes(upTo: 64)
            _ = survivesAsRequest(noise)
            _ = survivesAsReply(noise)
        }
    }

    /// Damage behind the length, which is then made to fit, so that it reaches the fields.
    private func damagedInside(_ message: [UInt8], _ random: inout VersionRandom) -> [UInt8] {
        var writer = ByteWriter()
        let mark = writer.beginBlock()
        writer.raw(CodecSamples.mutate(Array(message.dropFirst(4)), &random))
        writer.endBlock(mark)
        return writer.bytes
    }

    private func survivesAsRequest(_ bytes: [UInt8]) -> Bool {
        guard let messages = try? decodedRequests(bytes) else { return false }
        // A table of buckets is a set, which may come in another order.
        if !messages.contains(where: { if case .buckets = $0.body { true } else { false } }) {
            #expect(encoded(messages) == bytes)
        }
        return true
    }

    private func survivesAsReply(_ bytes: [UInt8]) -> Bool {
        guard let messages = try? decodedReplies(bytes) else { return false }
        #expect(encoded(messages) == bytes)
        return true
    }
}
