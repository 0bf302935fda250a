import Benchmark
import ClusterCore

/// What replicas keep of a key: to and from bytes, and two of them merged.
func registerVersions() {
    for (name, versions) in [("value", States.value), ("siblings", States.siblings)] {
        let encoded = VersionsCodec.encode(versions)
        measure("codec.encode.\(name)") { blackHole(VersionsCodec.encode(versions)) }
        measure("codec.decode.\(name)") {
            guard let decoded = try? VersionsCodec.decode(encoded) else { fatalError("not decoded") }
            blackHole(decoded)
        }
    }
    let (older, newer) = (States.value, States.overwritten)
    measure("merge.equal") { blackHole(merged(newer, newer)) }
    measure("merge.newer") { blackHole(merged(older, newer)) }
    measure("merge.concurrent") { blackHole(merged(newer, States.concurrent)) }
    measure("clock.compare") {
        precondition(newer.context.descends(older.context) && !older.context.descends(newer.context))
    }
}

private func merged(_ a: Versions, _ b: Versions) -> Versions {
    var result = a
    result.merge(b, policy: .siblings)
    return result
}

/// States of a key of 128-byte values that three replicas have coordinated.
enum States {
    /// One value.
    static let value = overwriting(Versions(), actors: [1, 2, 3], counter: 1)
    /// The same key, one write later.
    static let overwritten = overwriting(value, actors: [2], counter: 2)
    /// A write of a client that has seen `value` and not `overwritten`.
    static let concurrent = overwriting(value, actors: [3], counter: 2)
    /// Three concurrent values.
    static let siblings: Versions = {
        var versions = Versions()
        for actor in 1...3 as ClosedRange<UInt64> {
            write(&versions, Dot(actor: actor, counter: 1), CausalContext())
        }
        return versions
    }()

    private static func overwriting(_ versions: Versions, actors: [UInt64], counter: UInt64) -> Versions {
        var versions = versions
        for actor in actors {
            write(&versions, Dot(actor: actor, counter: counter), versions.causalContext)
        }
        return versions
    }

    private static func write(_ versions: inout Versions, _ dot: Dot, _ seen: CausalContext) {
        versions.write(
            .value(Array(repeating: 0x76, count: 128), contentType: "application/octet-stream"),
            dot: dot, timestamp: Timestamp(milliseconds: 1_700_000_000_000), context: seen,
            policy: .siblings)
    }
}
