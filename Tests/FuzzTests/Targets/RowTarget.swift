@testable import ClusterCore

extension FuzzTarget {
    /// The rows of an engine: what a replica holds of a key, and what becomes of two such states.
    static let row = FuzzTarget("row", heap: HeapAllowance(perByte: 64, base: 64 << 10)) { bytes in
        var input = Input(bytes)
        guard let one = try RowTarget.decode(input.block()) else { return false }
        try RowTarget.read(one)
        guard let other = try RowTarget.decode(input.all()) else { return false }
        for policy in Versions.Policy.allCases {
            var merged = one
            merged.merge(other, policy: policy)
            try RowTarget.checkForm(merged)
            var again = merged
            again.merge(one, policy: policy)
            try RowTarget.checkForm(again)
            var reconciled = one
            reconciled.reconcile(other, seen: other.context, ours: one.context, policy: policy)
            try RowTarget.checkForm(reconciled)
        }
        return true
    }

    /// Changes of counters, sets, maps and times to live, made of whatever a row holds.
    static let data = FuzzTarget("data", heap: HeapAllowance(perByte: 96, base: 64 << 10)) { bytes in
        var input = Input(bytes)
        let settings = input.byte()
        let properties = BucketProperties(
            policy: settings & 1 == 0 ? .siblings : .lastWriteWins,
            ttlSeconds: settings & 2 == 0 ? 0 : BucketProperties.maximumTTLSeconds)
        guard var versions = try RowTarget.decode(input.block()) else { return false }
        var reader = ByteReader(input.all())
        guard let change = try? DataChangeCodec.decode(&reader) else { return false }
        if case .expire(.after(let milliseconds), _) = change {
            // What the coordinator has refused before.
            guard 0...BucketProperties.maximumTTLSeconds * 1_000 ~= milliseconds else { return false }
        }
        let actor: UInt64 = 7
        var counter = versions.context[actor]
        // As where a node gives itself up: no counter is left.
        guard counter < .max / 2 else { return false }
        let before = versions
        let outcome = versions.update(
            change, by: actor, timestamp: Timestamp(milliseconds: RowTarget.now), now: RowTarget.now,
            properties
        ) {
            counter += 1
            return Dot(actor: actor, counter: counter)
        }
        if case .failure = outcome { try claim(versions == before, "a change that failed has changed") }
        try RowTarget.checkForm(versions)
        try RowTarget.read(versions)
        return true
    }
}

private enum RowTarget {
    static let now: UInt64 = 1_700_000_000_000

    /// Nil if it is no row; what is one is written as it was read.
    static func decode(_ bytes: [UInt8]) throws -> Versions? {
        guard let versions = try? VersionsCodec.decode(bytes) else { return nil }
        try claim(VersionsCodec.encode(versions) == bytes, "a row that was read is written otherwise")
        return versions
    }

    static func checkForm(_ versions: Versions) throws {
        let bytes = VersionsCodec.encode(versions)
        try claim(
            bytes.count <= VersionsCodec.estimatedSize(versions),
            "\(bytes.count) bytes, estimated as \(VersionsCodec.estimatedSize(versions))")
        try claim(try VersionsCodec.decode(bytes) == versions, "a row that was written is read as another")
    }

    /// What is shown of it, and whether it is there at all.
    static func read(_ versions: Versions) throws {
        try checkForm(versions.withoutValues)
        for time in [0, now, .max] {
            let shown = versions.reading(at: time)
            try claim(shown.isEmpty || versions.isLive(at: time), "something is shown of what is not there")
            if versions.isLive(at: time) {
                try claim(!versions.isDead(at: time), "what is there is dead")
            }
        }
    }
}
