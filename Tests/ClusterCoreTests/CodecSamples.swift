@testable import ClusterCore

/// Random values of everything that has an encoding, and random damage to encodings.
struct CodecSamples {
    var random: VersionRandom

    init(seed: UInt64) { random = VersionRandom(seed: seed) }

    mutating func bytes(upTo limit: Int) -> [UInt8] {
        (0..<random.below(limit + 1)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    mutating func text(upTo limit: Int) -> String {
        let alphabet = Array("abz09-é✓🗝")
        return String((0..<random.below(limit + 1)).map { _ in alphabet.randomElement(using: &random)! })
    }

    /// Of any magnitude, extremes included.
    mutating func integer() -> UInt64 {
        random.chance(5) ? .max : random.next() >> UInt64(random.below(64))
    }

    mutating func int() -> Int {
        let value = Int(truncatingIfNeeded: integer())
        return random.chance(20) ? ~value : value
    }

    mutating func optional<Value>(_ make: (inout CodecSamples) -> Value) -> Value? {
        random.chance(50) ? make(&self) : nil
    }

    mutating func list<Value>(upTo limit: Int, _ make: (inout CodecSamples) -> Value) -> [Value] {
        (0..<random.below(limit + 1)).map { _ in make(&self) }
    }

    mutating func key() -> StorageKey {
        let bucket = "b" + text(upTo: 6)
        return StorageKey(bucket: bucket, key: [0] + bytes(upTo: 40), partitionCount: 256)
    }

    mutating func content() -> Sibling.Content {
        switch random.below(4) {
        case 0: .tombstone
        case 1: .part(part())
        default: .value(bytes(upTo: 60), contentType: text(upTo: 8))
        }
    }

    mutating func part() -> DataPart {
        switch random.below(6) {
        case 0: .amount(amount())
        case 1: .member(bytes(upTo: 20))
        case 2: .field(bytes(upTo: 20), value: bytes(upTo: 20))
        case 3: .fieldAmount(bytes(upTo: 20), amount())
        case 4: .deadline
        default: .removal
        }
    }

    /// Whole or not, small or not.
    mutating func amount() -> Amount {
        random.chance(50) ? Amount(int()) : Amount(units: Int128(int()) << Int128(random.below(64)))
    }

    mutating func change() -> DataChange {
        switch random.below(8) {
        case 0: .add(numberKind(), amount())
        case 1: .addMembers(list(upTo: 4) { $0.bytes(upTo: 9) })
        case 2: .removeMembers(list(upTo: 4) { $0.bytes(upTo: 9) })
        case 3: .setFields(list(upTo: 4) { DataField($0.bytes(upTo: 9), $0.bytes(upTo: 9)) })
        case 4: .setFieldIfAbsent(DataField(bytes(upTo: 9), bytes(upTo: 9)))
        case 5: .removeFields(list(upTo: 4) { $0.bytes(upTo: 9) })
        case 6: .addToField(bytes(upTo: 9), numberKind(), amount())
        default: .expire(expiry(), expiryCondition())
        }
    }

    mutating func numberKind() -> DataChange.NumberKind { random.chance(50) ? .integer : .decimal }

    mutating func expiryCondition() -> ExpiryCondition {
        switch random.below(6) {
        case 0: .always
        case 1: .ifExpiring
        case 2: .ifLasting
        case 3: .ifSooner(than: integer())
        case 4: .ifLater(than: integer())
        default: .ifExpiringLater(than: integer())
        }
    }

    mutating func dot() -> Dot { Dot(actor: integer(), counter: max(1, integer())) }

    mutating func sibling() -> Sibling {
        Sibling(
            dot: dot(), timestamp: Timestamp(rawValue: integer()), expiresAt: integer(), content: content())
    }

    mutating func versions() -> Versions {
        var context = VersionVector(list(upTo: 5) { $0.dot() })
        var siblings: [Dot: Sibling] = [:]
        for sibling in list(upTo: 4, { $0.sibling() }) {
            siblings[sibling.dot] = sibling
            context.insert(sibling.dot)
        }
        return Versions(uncheckedContext: context, siblings: siblings.values.sorted { $0.dot < $1.dot })
    }

    mutating func quorum() -> QuorumOverrides {
        QuorumOverrides(n: optional { $0.int() }, r: optional { $0.int() }, w: optional { $0.int() })
    }

    mutating func expiry() -> Expiry {
        switch random.below(4) {
        case 0: .byBucket
        case 1: .never
        case 2: .after(milliseconds: int())
        default: .at(milliseconds: UInt64(bitPattern: Int64(int())))
        }
    }

    mutating func request() -> Request {
        switch random.below(4) {
        case 2:
            return .update(
                UpdateRequest(
                    bucket: text(upTo: 9), key: bytes(upTo: 40), change: change(), quorum: quorum(),
                    timeoutMillis: int()))
        case 0:
            return .get(
                GetRequest(
                    bucket: text(upTo: 9), key: bytes(upTo: 40), quorum: quorum(), timeoutMillis: int()))
        case 1:
            let condition: PutRequest.Condition =
                switch random.below(4) {
                case 0: .none
                case 1: .ifAbsent
                case 2: .repeated
                default: .ifMatch(bytes(upTo: 30))
                }
            var put = PutRequest(
                bucket: text(upTo: 9), key: bytes(upTo: 40), content: content(), context: bytes(upTo: 30),
                expiry: expiry(), condition: condition,
                returnSiblings: random.chance(50), quorum: quorum(), timeoutMillis: int())
            put.forwardedAt = Timestamp(rawValue: UInt64(bitPattern: Int64(int())))
            return .put(put)
        default:
            return .list(
                ListRequest(
                    bucket: text(upTo: 9), prefix: bytes(upTo: 9), limit: int(), cursor: bytes(upTo: 30),
                    lastPartition: optional { $0.int() }, quorum: quorum(), timeoutMillis: int()))
        }
    }

    mutating func reading() -> Reading {
        Reading(siblings: list(upTo: 3) { $0.sibling() }, context: bytes(upTo: 30))
    }

    mutating func response() -> Response {
        switch random.below(5) {
        case 3: return .updated(random.chance(50) ? .count(int()) : .number(amount()))
        case 0: return .read(reading())
        case 1: return .written(reading())
        case 2:
            return .listed(
                Listing(keys: list(upTo: 5) { $0.bytes(upTo: 9) }, cursor: optional { $0.bytes(upTo: 9) }))
        default:
            return .failed(
                RequestError(
                    RequestError.Code.allCases.randomElement(using: &random)!, text(upTo: 20),
                    replicasAnswered: int(), replicasNeeded: int()))
        }
    }

    mutating func table() -> BucketTable {
        var table = BucketTable()
        for index in 0..<random.below(4) {
            let n = 1 + random.below(5)
            try! table.set(
                BucketProperties(n: n, r: 1, w: n, policy: .lastWriteWins), of: "bucket\(index)",
                timestamp: Timestamp(rawValue: integer()), node: NodeID(rawValue: integer()))
        }
        return table
    }

    /// Extremes included.
    mutating func replicaList() -> ReplicaList {
        let (a, b) = (random.below(1 << (1 + random.below(16))), random.below(1 << (1 + random.below(16))))
        let limits = [1, 1 + random.below(ListCoordinator.maximumRows), ListCoordinator.maximumRows]
        return ReplicaList(
            firstPartition: min(a, b), lastPartition: random.chance(5) ? 65_535 : max(a, b),
            bucket: "b" + text(upTo: 6),
            prefix: bytes(upTo: random.chance(5) ? KeyLimits.maxKeySize : 9), after: optional { $0.key() },
            limit: limits.randomElement(using: &random)!)
    }

    /// Of a few members, with or without something staged; LayoutHistoryCodecTests has the rest.
    mutating func history() -> LayoutHistory {
        let members = (0...random.below(4)).map { Member(name: "m\($0)", address: text(upTo: 9)) }
        var history = LayoutHistory(
            try! .initial(members: members, partitionCount: 4, replicationFactor: 3))
        if random.chance(50) {
            try! history.stage(
                .join(Member(name: "new", address: "", zone: text(upTo: 4))), by: members[0].id)
        }
        return history
    }

    mutating func standing() -> Standing {
        switch random.below(3) {
        case 0: .fresh(disk: integer())
        case 1: .doubtful
        default: .settled(founders: Set(list(upTo: 4) { $0.integer() }).sorted())
        }
    }

    mutating func pageRequest() -> PageRequest {
        let after = optional { $0.key() }
        return PageRequest(
            partition: after?.partition ?? random.below(65_536), after: after,
            maxBytes: 1 + random.below(1 << 20))
    }

    mutating func policy() -> Versions.Policy { Versions.Policy.allCases.randomElement(using: &random)! }

    /// As many as there may be, now and then.
    mutating func hintTargets() -> [NodeID] {
        let most = PeerRequest.maxHintTargets
        return (0..<(random.chance(5) ? most : 1 + random.below(6))).map { _ in NodeID(rawValue: integer()) }
    }

    mutating func peerRequest() -> PeerRequestMessage {
        let body: PeerRequest =
            switch random.below(16) {
            case 0: .get(key())
            case 14: .getUnlessSame(key(), hash: integer())
            case 1: .put(key(), versions(), policy: policy())
            case 2:
                .list(replicaList())
            case 3: .forward(request())
            case 4: .layout(history(), standing())
            case 5: .page(pageRequest())
            case 6: .hint(for: NodeID(rawValue: integer()), key(), versions(), policy: policy())
            case 7: .hints(of: key(), for: hintTargets())
            case 8: .tree(treeRequest())
            case 9: .gossip(bytes(upTo: 9))
            case 10: .state(key())
            case 11: .reconcile(key(), versions(), seen: vector(), policy: policy())
            case 12: .confirm(deadRows())
            case 13: .remove(deadRows())
            default: .buckets(table())
            }
        return PeerRequestMessage(
            id: integer(), timeoutMillis: UInt32(truncatingIfNeeded: integer()),
            epoch: LayoutEpoch(rawValue: integer()), trace: optional { $0.trace() }, body: body)
    }

    mutating func trace() -> TraceContext {
        let traceID = TraceContext.TraceID(high: integer(), low: integer() | 1)!
        return TraceContext(traceID: traceID, spanID: integer() | 1, isSampled: true)!
    }

    mutating func peerReply() -> PeerReplyMessage {
        let body: PeerReply =
            switch random.below(12) {
            case 0: .versions(optional { $0.versions() })
            case 1: .stored
            case 10: .same
            case 2:
                .listed(
                    rows: list(upTo: 3) { ListRow(key: $0.key(), versions: $0.versions().withoutValues) },
                    isLast: random.chance(50))
            case 3: .forwarded(response())
            case 4: .layout(history())
            case 6: .tree(treeReply())
            case 7: .gossip(bytes(upTo: 9))
            case 8: .state(versions(), seen: vector())
            case 9: .confirmed(list(upTo: 9) { $0.random.chance(50) })
            case 5:
                .page(
                    rows: list(upTo: 3) { PageRow(key: $0.key(), state: $0.bytes(upTo: 40)) },
                    isLast: random.chance(50), clock: clock())
            default:
                .failed(
                    ReplicaError(ReplicaError.Code.allCases.randomElement(using: &random)!, text(upTo: 20)))
            }
        return PeerReplyMessage(id: integer(), body: body)
    }

    mutating func vector() -> VersionVector { VersionVector(list(upTo: 5) { $0.dot() }) }

    mutating func clock() -> PartitionClock {
        var clock = PartitionClock(sizes: integer())
        for _ in 0..<random.below(3) { clock.join(vector(), n: 1 + random.below(6)) }
        return clock
    }

    mutating func deadRows() -> DeadRows {
        let first = key()
        let others = list(upTo: 4) { $0.key() }.filter { $0.partition == first.partition }
        let keys = Set(others + [first]).sorted { $0.sortsBefore($1) }
        return DeadRows(
            partition: first.partition, rows: keys.map { DeadRows.Row(key: $0, hash: integer()) })
    }

    mutating func hello() -> PeerHello {
        PeerHello(
            protocolVersion: UInt16(truncatingIfNeeded: integer()), cluster: text(upTo: 9),
            nodeName: text(upTo: 9), layoutVersion: integer(), layoutDigest: integer(),
            maxBatchBytes: UInt32(truncatingIfNeeded: integer()), engine: text(upTo: 9),
            softwareVersion: text(upTo: 9), respPort: UInt16(truncatingIfNeeded: integer()))
    }

    /// `bytes` with one to four defects: changed bits, extreme bytes, cuts, insertions, repeated and removed parts.
    static func mutate(_ bytes: [UInt8], _ random: inout VersionRandom) -> [UInt8] {
        var result = bytes
        for _ in 0..<(1 + random.below(4)) {
            guard !result.isEmpty else { break }
            let index = random.below(result.count)
            let end = min(result.count, index + 1 + random.below(8))
            switch random.below(7) {
            case 0: result[index] ^= 1 << UInt8(random.below(8))
            case 1: result[index] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random)!
            case 2: for position in index..<end { result[position] = 0xff }
            case 3: result.removeSubrange(index...)
            case 4: result.removeSubrange(index..<end)
            case 5: result.insert(contentsOf: Array(result[index..<end]), at: index)
            default: result.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
            }
        }
        return result
    }
}
