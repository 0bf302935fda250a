/// Which writes a replica has seen of *all* keys of a partition, so that what it has nothing of, and has seen, is known to
/// be reaped.
///
/// A node clock in the sense of Gonçalves, Almeida, Baquero and Fonte ("Concise Server-Wide Causality Management for
/// Eventually Consistent Data Stores", DAIS 2015; "DottedDB: Anti-Entropy without Merkle Trees, Deletes without
/// Tombstones", SRDS 2017), kept for each partition, and learnt in another way: when two replicas were found equal, or
/// were made so, each has seen what the other had. So it is behind by a round of anti-entropy, and needs no list of gaps.
///
/// It stands for "every write of this actor up to 17, of every key that this replica is to hold". A late message whose
/// writes it covers is old news (`Versions.forget`); a tombstone can go once every replica's clock covers its context
/// (`Reaper`).
///
/// **Classes.** A key of a bucket of n replicas lies on the first n of its partition alone, so what is compared, and
/// seen, differs by n, as in `HashTree`. A replica at place p has a vector for each n > p that occurs.
public struct PartitionClock: Equatable, Sendable {
    struct SizeClass: Equatable, Sendable {
        let n: Int
        var vector: VersionVector
    }

    /// Which buckets have which n: clocks that count by different ones say nothing to each other. Any number that is the
    /// same for the same.
    public var sizes: UInt64
    /// Ascending by n; none empty.
    private(set) var classes: [SizeClass] = []

    /// Nothing seen.
    public init(sizes: UInt64) { self.sizes = sizes }

    public var isEmpty: Bool { classes.isEmpty }

    /// What was seen of the keys of buckets with `n` replicas.
    public subscript(n: Int) -> VersionVector {
        let n = Self.key(n)
        for each in classes where each.n >= n { return each.n == n ? each.vector : VersionVector() }
        return VersionVector()
    }

    /// Adds what was seen of one class.
    public mutating func join(_ vector: VersionVector, n: Int) {
        guard !vector.isEmpty else { return }
        let n = Self.key(n)
        let index = classes.firstIndex { $0.n >= n } ?? classes.count
        if index < classes.count, classes[index].n == n {
            classes[index].vector.join(vector)
        } else {
            classes.insert(SizeClass(n: n, vector: vector), at: index)
        }
    }

    /// Adds what `other` has seen of the keys of all n > `depth`: those that two replicas compared. Nothing, if it counts by
    /// other sizes.
    public mutating func join(_ other: PartitionClock, depth: Int) {
        guard other.sizes == sizes else { return }
        for each in other.classes where each.n > depth { join(each.vector, n: each.n) }
    }

    /// Keeps what `other` has seen as well. Nothing, if it counts by other sizes.
    mutating func meet(_ other: PartitionClock) {
        guard other.sizes == sizes else { return classes = [] }
        for index in classes.indices { classes[index].vector.meet(other[classes[index].n]) }
        classes.removeAll(where: \.vector.isEmpty)
    }

    /// Forgets the classes of which a replica at `place` holds no keys, from 0; nil: it holds none at all.
    public mutating func trim(toPlace place: Int?) {
        guard let place else { return classes = [] }
        classes.removeAll { $0.n <= place }
    }

    /// Forgets what was seen of these n: buckets have come to them of whose keys nothing is known.
    public mutating func forget(_ ns: Set<Int>) {
        let keys = Set(ns.map(Self.key))
        classes.removeAll { keys.contains($0.n) }
    }

    /// No place is beyond the greatest replication factor, so all greater n are alike, as for `HashTree`.
    private static func key(_ n: Int) -> Int { min(n, Layout.maxReplicationFactor) }
}

// MARK: - The form in which it is stored and sent

extension PartitionClock {
    /// `u64` sizes · list of n (`u8`) and version vector; docs/formats.md has it byte by byte.
    public func encode(into writer: inout ByteWriter) {
        writer.u64(sizes)
        writer.u8(UInt8(classes.count))
        for each in classes {
            writer.u8(UInt8(each.n))
            VersionsCodec.append(each.vector, to: &writer)
        }
    }

    /// Reads one encoding and leaves the reader after it.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> PartitionClock {
        var clock = PartitionClock(sizes: try reader.u64())
        for _ in 0..<(try reader.u8()) {
            let n = Int(try reader.u8())
            guard 1...Layout.maxReplicationFactor ~= n, n > clock.classes.last?.n ?? 0 else {
                throw CodecError(.malformed, "a partition's clock for n = \(n)")
            }
            let vector = try VersionsCodec.decodeVector(&reader)
            guard !vector.isEmpty else {
                throw CodecError(.malformed, "a partition's clock that has seen nothing")
            }
            clock.classes.append(SizeClass(n: n, vector: vector))
        }
        return clock
    }
}
