import Testing

@testable import ClusterCore

@Suite struct SwimCodecTests {
    private func anyMessage(_ random: inout VersionRandom) -> SwimMessage {
        let id = random.next()
        let bodies: [SwimMessage.Body] = [
            .ping, .pingRequest(NodeID(rawValue: id)), .ack, .nack, .gossip, .page(from: id / 2, through: id),
            .pageReply(from: 0, through: .max),
        ]
        let updates = (0..<random.below(4)).map { _ in
            let liveness = Liveness.allCases.randomElement(using: &random)!
            let record = MemberRecord(
                name: "n\(random.below(1000))", address: "h:\(random.below(9))",
                zone: random.chance(50) ? "" : "ü",
                weight: 1 + Double(random.below(8)) / 4, engine: "lmdb", version: "0.1",
                instance: random.next(),
                disk: random.next(), started: random.next() >> 20,
                rival: random.chance(50) ? 0 : random.next() | 1,
                incarnation: random.next() >> UInt64(2 + random.below(60)), liveness: liveness)
            let accusers = (0..<random.below(5)).map { _ in NodeID(rawValue: random.next()) }.sorted()
            return SwimUpdate(record, accusers: liveness == .suspect ? accusers : [])
        }
        let body = bodies.randomElement(using: &random)!
        return SwimMessage(
            body, number: random.next() >> 8, updates: updates, wallMillis: body == .ack ? random.next() : 0)
    }

    @Test func whatIsEncodedDecodesToTheSame() throws {
        var random = VersionRandom(seed: 21)
        for _ in 0..<2_000 {
            let message = anyMessage(&random)
            #expect(try SwimCodec.decode(SwimCodec.encode(message)) == message)
        }
    }

    @Test func damagedMessagesNeverTrap() {
        var random = VersionRandom(seed: 22)
        let samples = (0..<500).map { _ in SwimCodec.encode(anyMessage(&random)) }
        var accepted = 0
        for _ in 0..<50_000 {
            let bytes = CodecSamples.mutate(samples.randomElement(using: &random)!, &random)
            guard let message = try? SwimCodec.decode(bytes) else { continue }
            #expect(SwimCodec.encode(message) == bytes, "a value has one encoding")
            accepted += 1
        }
        #expect(1_000..<49_000 ~= accepted)
    }

    @Test func theFormatIsAsDocumented() {
        let record = MemberRecord(
            name: "n1", address: "h:1", zone: "z", weight: 1, engine: "e", version: "v", instance: 5, disk: 6,
            started: 7, rival: 9, incarnation: 300, liveness: .suspect)
        let message = SwimMessage(
            .pingRequest(NodeID(rawValue: 2)), number: 4,
            updates: [SwimUpdate(record, accusers: [NodeID(rawValue: 3)])])
        let expected: [UInt8] =
            [2, 2, 4, 0, 0, 0, 0, 0, 0, 0, 2]
            + [1, 0xac, 2, 2, 0x6e, 0x31, 3, 0x68, 0x3a, 0x31, 1, 0x7a]
            + [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 1, 0x65, 1, 0x76]
            + [0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 7, 1, 0, 0, 0, 0, 0, 0, 0, 9]
            + [1, 0, 0, 0, 0, 0, 0, 0, 3]
        #expect(SwimCodec.encode(message) == expected)
        let ack = SwimMessage(.ack, number: 4, wallMillis: 0x0102)
        #expect(SwimCodec.encode(ack) == [2, 3, 4, 0, 0, 0, 0, 0, 0, 1, 2])
    }

    @Test func whatBreaksARuleIsRefused() {
        let good = SwimCodec.encode(SwimMessage(.gossip, updates: [SwimUpdate(.sample("a"))]))
        var later = good
        later[0] = 3
        #expect(throws: CodecError(.unknownVersion(3), "gossip")) { try SwimCodec.decode(later) }
        for update in [
            SwimUpdate(.sample("a", incarnation: SwimCodec.maxIncarnation + 1)),
            SwimUpdate(.sample("")),
            SwimUpdate(.sample(String(repeating: "x", count: 401))),
            SwimUpdate(MemberRecord.sample("a").with(.suspect), accusers: [nodeB, nodeA]),
            SwimUpdate(
                MemberRecord.sample("a").with(.suspect), accusers: (0..<9).map { NodeID(rawValue: $0) }),
        ] {
            let bytes = SwimCodec.encode(SwimMessage(.gossip, updates: [update]))
            #expect(throws: CodecError.self) { try SwimCodec.decode(bytes) }
        }
        let page = SwimCodec.encode(SwimMessage(.page(from: 2, through: 1)))
        #expect(throws: CodecError.self) { try SwimCodec.decode(page) }
    }

    @Test func twoOfTheLongestUpdatesFitIntoTheSmallestPacket() {
        let text = String(repeating: "x", count: MemberRecord.maxTextBytes - 4)
        let record = MemberRecord(
            name: text, address: "a", zone: "b", weight: 1, engine: "c", version: "d", instance: .max,
            disk: .max,
            started: .max, rival: .max, incarnation: SwimCodec.maxIncarnation, liveness: .suspect)
        let accusers = (0..<SwimUpdate.maxAccusers).map { NodeID(rawValue: UInt64($0)) }
        let update = SwimUpdate(record, accusers: accusers)
        let message = SwimMessage(.page(from: 0, through: .max), number: .max, updates: [update, update])
        #expect(SwimCodec.encode(message).count <= SwimSettings.minPacketBytes)
    }
}
