/// Copies every keyspace of an engine into an empty one of any other kind, and checks the copy by reading it back.
///
/// Reads and writes page by page, so that it holds one page in memory, whatever the engines hold. Takes no snapshot:
/// nobody may write to the source until all is done. Synchronous, with the calls on the target all made by the calling
/// thread (the contract of ``StorageEngine``).
public struct EngineCopy {
    /// How far a pass has come.
    public struct Progress: Equatable, Sendable {
        public enum Pass: String, Sendable {
            /// Reading, with nothing written (``EngineSalvage``).
            case checking
            case copying
            case verifying
        }

        public var pass: Pass
        public var keyspace: Keyspace
        /// Of all keyspaces so far.
        public var rows: Int
        /// Bytes of keys and values of all keyspaces so far.
        public var bytes: UInt64
        /// Of the pass, from 0 to 1. While copying an estimate, since no engine knows how many rows it has.
        public var fraction: Double
    }

    private let source: any StorageEngine
    private let pageBytes: Int
    private let report: (Progress) -> Void

    /// - Parameters:
    ///   - pageBytes: Bytes of keys and values that are read, and written in one batch, at a time; a row that is larger
    ///     is a page of its own.
    ///   - report: Told after each page.
    public init(
        from source: any StorageEngine, pageBytes: Int = 4 << 20,
        report: @escaping (Progress) -> Void = { _ in }
    ) {
        self.source = source
        self.pageBytes = pageBytes
        self.report = report
    }

    /// Copies all rows, with buffered writes; `target.sync()` is the caller's.
    ///
    /// - Returns: What the source holds, one for each keyspace, for ``verify(_:holds:)``.
    /// - Throws: `EngineCopyError`; the target holds a part of the rows then.
    public func copy(to target: any StorageEngine) throws(EngineCopyError) -> [KeyspaceDigest] {
        var digests: [KeyspaceDigest] = []
        let shares = try Self.shares(of: source)
        for keyspace in Keyspace.allCases {
            let begun = shares.prefix(digests.count).reduce(0, +)
            let share = shares[digests.count]
            let earlier = digests
            let spread = try spread(of: keyspace)
            let digest = try pages(of: source, keyspace, .reading) {
                (page, digest, rest) throws(EngineCopyError) in
                do throws(EngineError) {
                    try target.write(page, durability: .buffered)
                } catch {
                    throw EngineCopyError(.writing, keyspace, error)
                }
                let part = rest.flatMap { range in spread?.fraction(of: range.lower) } ?? 1
                let isLast = rest == nil && earlier.count == shares.count - 1
                tell(.copying, earlier + [digest], isLast ? 1 : begun + share * part)
            }
            digests.append(digest)
        }
        return digests
    }

    /// Reads all rows of `target` back.
    ///
    /// - Throws: `EngineCopyError` if it holds anything else than `expected`, which ``copy(to:)`` returned.
    public func verify(
        _ target: any StorageEngine, holds expected: [KeyspaceDigest]
    ) throws(EngineCopyError) {
        let total = max(1, expected.reduce(0) { $0 + $1.rows })
        var found: [KeyspaceDigest] = []
        for wanted in expected {
            let earlier = found
            let digest = try pages(of: target, wanted.keyspace, .verifying) {
                (_, digest, _) throws(EngineCopyError) in
                let rows = earlier.reduce(digest.rows) { $0 + $1.rows }
                tell(.verifying, earlier + [digest], min(1, Double(rows) / Double(total)))
            }
            guard digest == wanted else { throw EngineCopyError(found: digest, insteadOf: wanted) }
            found.append(digest)
        }
    }

    private func tell(_ pass: Progress.Pass, _ digests: [KeyspaceDigest], _ fraction: Double) {
        report(
            Progress(
                pass: pass, keyspace: digests[digests.count - 1].keyspace,
                rows: digests.reduce(0) { $0 + $1.rows }, bytes: digests.reduce(0) { $0 + $1.bytes },
                fraction: fraction))
    }

    /// Calls `body` with each page of a keyspace, the digest up to its end, and the range that is left.
    private func pages(
        of engine: any StorageEngine, _ keyspace: Keyspace, _ step: EngineCopyError.Step,
        _ body: (WriteBatch, KeyspaceDigest, KeyRange?) throws(EngineCopyError) -> Void
    ) throws(EngineCopyError) -> KeyspaceDigest {
        var digest = KeyspaceDigest(keyspace)
        var page = WriteBatch()
        var rest: KeyRange? = .all
        while let range = rest {
            page.removeAll(keepingCapacity: page.byteCount <= 2 * pageBytes)
            do throws(EngineError) {
                rest = try engine.scan(keyspace, range, reverse: false, limit: ScanLimit(bytes: pageBytes)) {
                    (key, value) throws(EngineError) in
                    digest.add(key, value)
                    if step == .reading {
                        page.put(keyspace, [UInt8](copying: key), [UInt8](copying: value))
                    }
                    return .next
                }
            } catch {
                throw EngineCopyError(step, keyspace, error)
            }
            try body(page, digest, rest)
        }
        return digest
    }

    // MARK: Estimates

    /// About which part of the whole each keyspace is.
    private static func shares(of engine: any StorageEngine) throws(EngineCopyError) -> [Double] {
        var sizes: [Double] = []
        for keyspace in Keyspace.allCases {
            do throws(EngineError) {
                sizes.append(Double(max(1, try engine.approximateSize(keyspace, .all))))
            } catch {
                throw EngineCopyError(.reading, keyspace, error)
            }
        }
        let total = sizes.reduce(0, +)
        return sizes.map { $0 / total }
    }

    /// Nil for a keyspace without rows.
    private func spread(of keyspace: Keyspace) throws(EngineCopyError) -> KeySpread? {
        let one = ScanLimit(rows: 1)
        do throws(EngineError) {
            guard let first = try source.scan(keyspace, .all, limit: one).rows.first,
                let last = try source.scan(keyspace, .all, reverse: true, limit: one).rows.first
            else { return nil }
            return KeySpread(first: first.key, last: last.key)
        } catch {
            throw EngineCopyError(.reading, keyspace, error)
        }
    }
}
