@testable import ClusterCore

extension FuzzTarget {
    /// What clients pass back: the context of a read, and the cursor of a page.
    static let context = FuzzTarget(
        "context", maxBytes: 2048, heap: HeapAllowance(perByte: 64, base: 64 << 10)
    ) { bytes in
        var input = Input(bytes)
        let keyBytes = [UInt8(ascii: "k")] + input.block().prefix(KeyLimits.maxKeySize - 1)
        let key = StorageKey(bucket: "b", key: keyBytes, partitionCount: 256)
        let token = input.all()
        let isGenuine = try ContextTarget.check(token, key)
        let isCursor = try ContextTarget.checkCursor(token)
        // The check at a token's end, which chance does not hit, is put there.
        var genuine = ByteWriter()
        genuine.raw(token)
        genuine.u32(UInt32(truncatingIfNeeded: hash64(token + key.bytes)))
        return try ContextTarget.check(genuine.bytes, key) || isGenuine || isCursor
    }
}

private enum ContextTarget {
    static func check(_ token: [UInt8], _ key: StorageKey) throws -> Bool {
        guard let seen = try? ContextToken.decode(token, for: key) else { return false }
        try claim(
            ContextToken.encode(seen, for: key) == token, "a context that was read is written otherwise")
        let other = StorageKey(bucket: "c", key: key.key, partitionCount: 256)
        if !seen.isEmpty {
            try claim(
                (try? ContextToken.decode(token, for: other)) == nil, "a context passes for another key's")
        }
        try write(after: seen)
        return true
    }

    /// A write that follows it, by an actor that it does not name.
    private static func write(after seen: CausalContext) throws {
        let actor = seen.vector.entries.reduce(0) { $1.actor == $0 ? $0 + 1 : $0 } as UInt64
        for policy in Versions.Policy.allCases {
            var versions = Versions()
            versions.write(
                .value([1], contentType: ""), dot: Dot(actor: actor, counter: 1),
                timestamp: Timestamp(milliseconds: 1_000), context: seen, policy: policy)
            try claim(versions.siblings.count == 1, "a write is not there")
            try claim(
                versions.siblings[0].timestamp > seen.latest || seen.latest.rawValue == .max,
                "a write is not later than what its client had seen")
            let bytes = VersionsCodec.encode(versions)
            try claim(try VersionsCodec.decode(bytes) == versions, "a write is read as another")
        }
    }

    static func checkCursor(_ token: [UInt8]) throws -> Bool {
        guard let cursor = ListCursor.parse(token) else { return false }
        try claim(cursor.encode() == token, "a cursor that was read is written otherwise")
        let own = try? ListCursor.decode(token, bucket: "b", partitionCount: 256)
        try claim(own ?? cursor == cursor, "a cursor is read as two")
        return true
    }
}
