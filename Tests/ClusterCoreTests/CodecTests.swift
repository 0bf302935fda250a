import Testing

@testable import ClusterCore

@Suite struct CodecTests {
    @Test func whatIsEncodedDecodesToTheSame() throws {
        var samples = CodecSamples(seed: 1)
        for _ in 0..<5000 {
            let versions = samples.versions()
            #expect(try VersionsCodec.decode(VersionsCodec.encode(versions)) == versions)
            #expect(VersionsCodec.estimatedSize(versions) >= VersionsCodec.encode(versions).count)
            let hello = samples.hello()
            #expect(try PeerHello.decode(hello.encode()) == hello)
        }
    }

    @Test func batchesAreConcatenations() throws {
        var samples = CodecSamples(seed: 2)
        for _ in 0..<1000 {
            let requests = samples.list(upTo: 9) { $0.peerRequest() }
            let replies = samples.list(upTo: 9) { $0.peerReply() }
            #expect(try decodedRequests(encoded(requests)) == requests)
            #expect(try decodedReplies(encoded(replies)) == replies)
            let parts = requests.flatMap { encoded([$0]) }
            #expect(parts == encoded(requests))
        }
    }

    /// The formats are public: a change of a byte breaks stored data and rolling upgrades (docs/formats.md).
    @Test func theFormatsAreAsDocumented() {
        var versions = Versions()
        versions.write(
            .value([0xaa, 0xbb], contentType: "t/p"), dot: Dot(actor: 0x0102_0304_0506_0708, counter: 300),
            timestamp: Timestamp(rawValue: 0x1112_1314_1516_1718), expiresAt: 5, context: CausalContext(),
            policy: .siblings)
        let stored: [UInt8] =
            [1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0xac, 2]
            + [1, 0, 0xac, 2, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 5]
            + [1, 3, 0x74, 0x2f, 0x70, 2, 0xaa, 0xbb]
        #expect(VersionsCodec.encode(versions) == stored)
        let key = StorageKey(bucket: "b", key: [9], partitionCount: 1)
        #expect(
            ContextToken.encode(versions.causalContext, for: key)
                == [1, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18] + stored[1..<12] + [
                    0xe2, 0xbc, 0x57, 0xad,
                ])
        let header: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 1, 0, 0xac, 2]
        #expect(
            encoded([
                PeerRequestMessage(
                    id: 7, timeoutMillis: 256, epoch: LayoutEpoch(rawValue: 300),
                    body: .put(key, versions, policy: .lastWriteWins))
            ]) == [0, 0, 0, 55, 2] + header + [5, 0, 0, 1, 0x62, 9, 1] + stored)
        #expect(
            encoded([PeerReplyMessage(id: 7, body: .failed(ReplicaError(.io, "no")))])
                == [0, 0, 0, 13, 134, 0, 0, 0, 0, 0, 0, 0, 7, 2, 2, 0x6e, 0x6f])
    }

    @Test func partsAreAsDocumented() {
        let contents: [(DataPart, [UInt8])] = [
            (.amount(Amount(300)), [2, 0, 0xac, 2]),
            (.amount(Amount(units: 258)), [2, 1] + [UInt8](repeating: 0, count: 14) + [1, 2]),
            (.amount(Amount(units: -1)), [2, 1] + [UInt8](repeating: 0xff, count: 16)),
            (.member([7, 8]), [3, 2, 7, 8]), (.field([7], value: [8, 9]), [4, 1, 7, 2, 8, 9]),
            (.fieldAmount([7], Amount(5)), [5, 1, 7, 0, 5]), (.deadline, [6]), (.removal, [7]),
        ]
        for (part, bytes) in contents {
            var writer = ByteWriter()
            VersionsCodec.append(.part(part), to: &writer)
            #expect(writer.bytes == bytes)
        }
        // A whole number has one encoding.
        var reader = ByteReader([2, 1] + [UInt8](repeating: 0, count: 16))
        #expect(throws: CodecError.self) { try VersionsCodec.decodeContent(&reader) }
    }

    @Test func changesAreAsDocumented() {
        let changes: [(DataChange, [UInt8])] = [
            (.add(.decimal, Amount(5)), [1, 1, 0, 5]), (.addMembers([[7], []]), [2, 2, 1, 7, 0]),
            (.removeMembers([[7]]), [3, 1, 1, 7]), (.setFields([DataField([7], [8])]), [4, 1, 1, 7, 1, 8]),
            (.setFieldIfAbsent(DataField([7], [8])), [5, 1, 7, 1, 8]), (.removeFields([[7]]), [6, 1, 1, 7]),
            (.addToField([7], .integer, Amount(5)), [7, 1, 7, 0, 0, 5]),
            (.expire(.after(milliseconds: 5), .always), [8, 2, 5, 0]),
            (.expire(.never, .ifLater(than: 258)), [8, 1, 4, 0, 0, 0, 0, 0, 0, 1, 2]),
        ]
        for (change, bytes) in changes {
            var writer = ByteWriter()
            DataChangeCodec.append(change, to: &writer)
            #expect(writer.bytes == bytes)
        }
    }

    @Test func theRequestsForHintsAreAsDocumented() {
        let key = StorageKey(bucket: "b", key: [9], partitionCount: 1)
        let state = VersionsCodec.encode(Versions())
        let header: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 1, 0, 5]
        func message(_ body: PeerRequest) -> PeerRequestMessage {
            PeerRequestMessage(id: 7, timeoutMillis: 256, epoch: LayoutEpoch(rawValue: 5), body: body)
        }
        let target = NodeID(rawValue: 0x0102_0304_0506_0708)
        let hint = PeerRequest.hint(for: target, key, Versions(), policy: .lastWriteWins)
        let encodedHint: [UInt8] =
            [6] + header + [1, 2, 3, 4, 5, 6, 7, 8] + [5, 0, 0, 1, 0x62, 9, 1] + state
        #expect(encoded([message(hint)]) == [0, 0, 0, UInt8(encodedHint.count)] + encodedHint)
        let hints: [UInt8] = [7] + header + [5, 0, 0, 1, 0x62, 9, 1] + [1, 2, 3, 4, 5, 6, 7, 8]
        let request = encoded([message(.hints(of: key, for: [target]))])
        #expect(request == [0, 0, 0, UInt8(hints.count)] + hints)
        #expect(throws: CodecError.self) { try decodedRequests(encoded([message(.hints(of: key, for: []))])) }
        let tooMany = [NodeID](repeating: target, count: PeerRequest.maxHintTargets + 1)
        #expect(throws: CodecError.self) {
            try decodedRequests(encoded([message(.hints(of: key, for: tooMany))]))
        }
    }

    @Test func unknownVersionsAndKindsAreRefused() {
        let versions = VersionsCodec.encode(Versions())
        #expect(throws: CodecError(.unknownVersion(2), "versions")) {
            try VersionsCodec.decode([2] + versions.dropFirst())
        }
        var hello = PeerHello(cluster: "c", nodeName: "n").encode()
        hello[4] = 7
        #expect(throws: CodecError(.unknownVersion(7), "hello")) { try PeerHello.decode(hello) }
        #expect(throws: CodecError.self) { try PeerHello.decode(Array("GET / HTTP/1.1\r\n\r\n".utf8)) }
        let get = GetRequest(bucket: "b", key: [1])
        let request = encoded([PeerRequestMessage(id: 1, body: .forward(.get(get)))])
        let reply = encoded([PeerReplyMessage(id: 1, body: .stored)])
        #expect(throws: CodecError.self) { try decodedReplies(request) }
        #expect(throws: CodecError.self) { try decodedRequests(reply) }
        for kind in [0, 12, 255] as [UInt8] {
            var unknown = request
            unknown[4] = kind
            #expect(throws: CodecError.self) { try decodedRequests(unknown) }
        }
    }

    @Test func everyCutIsNoticed() {
        var samples = CodecSamples(seed: 4)
        for _ in 0..<200 {
            let request = encoded([samples.peerRequest()])
            let reply = encoded([samples.peerReply()])
            for count in 1..<request.count {
                #expect(throws: CodecError.self) { try decodedRequests(Array(request.prefix(count))) }
            }
            for count in 1..<reply.count {
                #expect(throws: CodecError.self) { try decodedReplies(Array(reply.prefix(count))) }
            }
        }
    }

    @Test func versionsThatBreakTheirOwnRulesAreRefused() {
        let actor: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1]
        let body: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let bad: [String: [UInt8]] = [
            "counter of 0": [1, 1] + actor + [0, 0],
            "actor twice": [1, 2] + actor + [1] + actor + [1, 0],
            "dot past the context": [1, 1] + actor + [1, 1, 0, 2] + body,
            "dot of 0": [1, 1] + actor + [1, 1, 0, 0] + body,
            "dot of no actor": [1, 1] + actor + [1, 1, 1, 1] + body,
            "dot twice": [1, 1] + actor + [1, 2, 0, 1] + body + [0, 1] + body,
            "padded count": [1, 0x80, 0, 0],
            "bytes after the end": [1, 0, 0, 0],
            "more siblings than bytes": [1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f],
            "count past 64 bits": [1] + [UInt8](repeating: 0xff, count: 9) + [2],
        ]
        for (what, bytes) in bad {
            #expect(throws: CodecError.self, "\(what)") { try VersionsCodec.decode(bytes) }
        }
    }

    @Test func listingsOutsideTheirLimitsAreRefused() throws {
        let good = ReplicaList(
            firstPartition: 0, lastPartition: 65_535, bucket: String(repeating: "b", count: 28),
            prefix: [UInt8](repeating: 1, count: 480), limit: 1000)
        let changes: [(String, (inout ReplicaList) -> Void, isGood: Bool)] = [
            ("all that is allowed", { _ in }, true),
            ("one partition", { $0.firstPartition = 65_535 }, true),
            ("one row", { $0.limit = 1 }, true),
            ("first partition below 0", { $0.firstPartition = -1 }, false),
            ("first partition of Int.min", { $0.firstPartition = .min }, false),
            ("last partition past all", { $0.lastPartition = 65_536 }, false),
            ("last partition of Int.max", { $0.lastPartition = .max }, false),
            (
                "both partitions past all",
                {
                    $0.firstPartition = 65_536
                    $0.lastPartition = 65_536
                }, false
            ),
            (
                "first after last",
                {
                    $0.firstPartition = 6
                    $0.lastPartition = 5
                }, false
            ),
            ("no bucket", { $0.bucket = "" }, false),
            ("too long a bucket", { $0.bucket += "b" }, false),
            ("too long a prefix", { $0.prefix += [1] }, false),
            ("no rows", { $0.limit = 0 }, false),
            ("fewer than no rows", { $0.limit = -1 }, false),
            ("too many rows", { $0.limit = 1001 }, false),
            ("Int.max rows", { $0.limit = .max }, false),
        ]
        for (what, change, isGood) in changes {
            var list = good
            change(&list)
            let message = PeerRequestMessage(id: 1, body: .list(list))
            if isGood {
                #expect(try decodedRequests(encoded([message])) == [message], "\(what)")
            } else {
                #expect(throws: CodecError(.malformed, "a listing outside its limits"), "\(what)") {
                    try decodedRequests(encoded([message]))
                }
            }
        }
    }

    @Test func textMustBeUTF8() {
        var writer = ByteWriter()
        writer.bytes([0xc3, 0x28])
        var reader = ByteReader(writer.bytes)
        #expect(throws: CodecError(.malformed, "text that isn't UTF-8")) { try reader.string() }
    }

    @Test func aReaderOfAPartStaysInIt() throws {
        let all: [UInt8] = [9, 9, 0, 1, 2, 9, 9]
        var reader = ByteReader(all[2..<5])
        #expect(try reader.u16() == 1)
        #expect(reader.remaining == 1)
        #expect(throws: CodecError.self) { try reader.u16() }
        #expect(try reader.u8() == 2)
        #expect(reader.isAtEnd)
    }

    @Test func integersOfEverySizeComeBack() throws {
        for shift in 0..<64 as Range<UInt64> {
            let values: [UInt64] = [1 << shift, (1 << shift) - 1, .max >> shift]
            for value in values {
                var writer = ByteWriter()
                writer.varint(value)
                writer.int(Int(truncatingIfNeeded: value))
                writer.int(~Int(truncatingIfNeeded: value))
                var reader = ByteReader(writer.bytes)
                #expect(try reader.varint() == value)
                #expect(try reader.int() == Int(truncatingIfNeeded: value))
                #expect(try reader.int() == ~Int(truncatingIfNeeded: value))
                try reader.expectEnd()
            }
        }
    }
}

func encoded(_ messages: [PeerRequestMessage]) -> [UInt8] {
    var writer = ByteWriter()
    for message in messages { PeerCodec.append(message, to: &writer) }
    return writer.bytes
}

func encoded(_ messages: [PeerReplyMessage]) -> [UInt8] {
    var writer = ByteWriter()
    for message in messages { PeerCodec.append(message, to: &writer) }
    return writer.bytes
}

func decodedRequests(_ batch: [UInt8]) throws(CodecError) -> [PeerRequestMessage] {
    var messages: [PeerRequestMessage] = []
    try PeerCodec.decodeRequests(batch) { messages.append($0) }
    return messages
}

func decodedReplies(_ batch: [UInt8]) throws(CodecError) -> [PeerReplyMessage] {
    var messages: [PeerReplyMessage] = []
    try PeerCodec.decodeReplies(batch) { messages.append($0) }
    return messages
}
