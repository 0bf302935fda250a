/// Reads what a damaged engine still gives, page by page, and copies it into an empty engine of any kind.
///
/// A page that fails gives its rows up to the damage. Where nothing more comes, the next place that can be read is looked
/// for: of what is left, sixteen parts are tried from the left, then sixteen of the part before the first that could be read,
/// and so on. So damage costs the keys that a scan cannot get past: in LMDB a row; in LevelDB, whose scans go on behind a
/// block, its rows; in RocksDB all that lies between a block's first key and its last, in other tables too. Where two places
/// lie close together, it may cost the few rows between them.
///
/// What comes may be of different ages: where the newest state of a row cannot be read, an older one may take its place. So
/// the copy is no earlier state of the engine either, and whoever owns it must not vouch for it.
///
/// Nobody may write to the source meanwhile. Synchronous, with the calls on the target all made by the calling thread.
public struct EngineSalvage {
    /// What became of a keyspace.
    public struct Outcome: Equatable, Sendable {
        /// What was read, and is in the copy.
        public internal(set) var kept: KeyspaceDigest
        /// Rows that were read, and are none that their owner knows.
        public internal(set) var refusedRows = 0
        /// Places that could not be read. Nobody can say how many rows lay there.
        public internal(set) var gaps = 0
        /// Why the first of them could not.
        public internal(set) var firstError: EngineError?

        init(_ keyspace: Keyspace) { kept = KeyspaceDigest(keyspace) }

        public var isWhole: Bool { gaps == 0 && refusedRows == 0 }
    }

    private static let parts = 16

    private let source: any StorageEngine
    private let pageBytes: Int
    private let accepts: (Keyspace, [UInt8], [UInt8]) -> Bool
    private let report: (EngineCopy.Progress) -> Void

    /// - Parameters:
    ///   - pageBytes: Bytes of keys and values that are read, and written in one batch, at a time; a row that is larger
    ///     is a page of its own.
    ///   - accepts: Whether a row, by its keyspace, key and value, is one that its owner can use.
    ///   - report: Told after each page.
    public init(
        from source: any StorageEngine, pageBytes: Int = 4 << 20,
        accepts: @escaping (Keyspace, [UInt8], [UInt8]) -> Bool,
        report: @escaping (EngineCopy.Progress) -> Void = { _ in }
    ) {
        self.source = source
        self.pageBytes = pageBytes
        self.accepts = accepts
        self.report = report
    }

    /// Reads all that can be read.
    ///
    /// - Parameter target: Gets it, with buffered writes; `sync()` is the caller's. Nil: it is only counted.
    /// - Returns: One outcome for each keyspace.
    /// - Throws: `EngineCopyError` if the target cannot be written, or the source fails for another reason than damage.
    public func run(into target: (any StorageEngine)?) throws(EngineCopyError) -> [Outcome] {
        var outcomes: [Outcome] = []
        for keyspace in Keyspace.allCases {
            var pass = Pass(keyspace, spread(of: keyspace))
            var rest: KeyRange? = .all
            while let range = rest {
                rest = try readPage(range, &pass)
                do throws(EngineError) {
                    if !pass.page.isEmpty { try target?.write(pass.page, durability: .buffered) }
                } catch {
                    throw EngineCopyError(.writing, keyspace, error)
                }
                pass.page.removeAll(keepingCapacity: pass.page.byteCount <= 2 * pageBytes)
                tell(target == nil ? .checking : .copying, outcomes, pass, rest)
            }
            outcomes.append(pass.outcome)
        }
        return outcomes
    }

    /// One keyspace, on the way.
    private struct Pass {
        let keyspace: Keyspace
        let spread: KeySpread?
        var outcome: Outcome
        var page = WriteBatch()
        /// Of the rows so far.
        var longestKey = 0
        /// Where the last gap was found to begin.
        var gapStart: [UInt8]?

        /// How precise the search for a place between keys has to be: any two keys differ by then.
        var digits: Int {
            longestKey == 0 ? EngineLimits.maxKeySize : min(EngineLimits.maxKeySize, longestKey + 8)
        }

        init(_ keyspace: Keyspace, _ spread: KeySpread?) {
            self.keyspace = keyspace
            self.spread = spread
            outcome = Outcome(keyspace)
        }
    }

    /// Reads the page that begins `range`; gives what is left of it.
    private func readPage(_ range: KeyRange, _ pass: inout Pass) throws(EngineCopyError) -> KeyRange? {
        let keyspace = pass.keyspace
        var last: [UInt8]?
        do throws(EngineError) {
            return try source.scan(keyspace, range, reverse: false, limit: ScanLimit(bytes: pageBytes)) {
                (key, value) throws(EngineError) in
                let bytes = [UInt8](copying: key)
                take(bytes, key, value, &pass)
                last = bytes
                return .next
            }
        } catch {
            guard error.isDamage else { throw EngineCopyError(.reading, keyspace, error) }
            // What comes next after a page's rows is the same gap, not another one.
            if pass.gapStart != range.lower || last != nil {
                pass.outcome.gaps += 1
                pass.outcome.firstError = pass.outcome.firstError ?? error
            }
        }
        if let last {
            let next = last + [0]
            pass.gapStart = next
            return KeyRange(lower: next, upper: range.upper)
        }
        pass.gapStart = nil
        return try skipDamage(of: range, &pass)
    }

    private func take(_ bytes: [UInt8], _ key: RawSpan, _ value: RawSpan, _ pass: inout Pass) {
        pass.longestKey = max(pass.longestKey, bytes.count)
        let valueBytes = [UInt8](copying: value)
        guard accepts(pass.keyspace, bytes, valueBytes) else {
            pass.outcome.refusedRows += 1
            return
        }
        pass.outcome.kept.add(key, value)
        pass.page.put(pass.keyspace, bytes, valueBytes)
    }

    // MARK: Behind the damage

    /// The part of `range` behind the damage with which it begins; nil if nothing more can be read.
    private func skipDamage(of range: KeyRange, _ pass: inout Pass) throws(EngineCopyError) -> KeyRange? {
        pass.longestKey = max(pass.longestKey, lastKey(in: range, pass.keyspace)?.count ?? 0)
        var bad = range.lower
        var good = range.upper
        var isClosing = true
        while isClosing {
            isClosing = false
            let (lower, upper) = (bad, good)
            for part in 1..<Self.parts {
                let key = KeyFraction.key(part, of: Self.parts, from: lower, to: upper, digits: pass.digits)
                guard let key else { continue }
                isClosing = true
                if try isReadable(from: key, to: range.upper, &pass) {
                    good = key
                    break
                }
                // Rows before it, behind which the next damage lies: keys of text leave most places empty.
                if let row = lastKey(in: KeyRange(lower: bad + [0], upper: key), pass.keyspace) {
                    good = row
                    break
                }
                bad = key
            }
        }
        guard let good, good != range.upper else { return nil }
        return KeyRange(lower: good, upper: range.upper)
    }

    /// Whether the first row behind `lower` can be read, or there is none.
    private func isReadable(
        from lower: [UInt8], to upper: [UInt8]?, _ pass: inout Pass
    ) throws(EngineCopyError) -> Bool {
        var size = 0
        do throws(EngineError) {
            _ = try source.scan(
                pass.keyspace, KeyRange(lower: lower, upper: upper), reverse: false, limit: ScanLimit(rows: 1)
            ) { (key, _) throws(EngineError) in
                size = key.byteCount
                return .stop
            }
        } catch {
            guard error.isDamage else { throw EngineCopyError(.reading, pass.keyspace, error) }
            // What fails behind the row is met when it is read.
            if size == 0 { return false }
        }
        pass.longestKey = max(pass.longestKey, size)
        return true
    }

    /// Nil if it cannot be read, or there is none.
    private func lastKey(in range: KeyRange, _ keyspace: Keyspace) -> [UInt8]? {
        try? source.scan(keyspace, range, reverse: true, limit: ScanLimit(rows: 1)).rows.first?.key
    }

    // MARK: Progress

    /// Nil where the ends of the keyspace cannot be read, or it has no rows: no progress is told within it then.
    private func spread(of keyspace: Keyspace) -> KeySpread? {
        let one = ScanLimit(rows: 1)
        guard let first = try? source.scan(keyspace, .all, limit: one).rows.first,
            let last = try? source.scan(keyspace, .all, reverse: true, limit: one).rows.first
        else { return nil }
        return KeySpread(first: first.key, last: last.key)
    }

    private func tell(
        _ pass: EngineCopy.Progress.Pass, _ earlier: [Outcome], _ present: Pass, _ rest: KeyRange?
    ) {
        let digests = earlier.map(\.kept) + [present.outcome.kept]
        let part = rest.map { present.spread?.fraction(of: $0.lower) ?? 0 } ?? 1
        report(
            EngineCopy.Progress(
                pass: pass, keyspace: present.keyspace, rows: digests.reduce(0) { $0 + $1.rows },
                bytes: digests.reduce(0) { $0 + $1.bytes },
                fraction: (Double(earlier.count) + part) / Double(Keyspace.allCases.count)))
    }
}

extension EngineError {
    /// Whether it tells of files that cannot be read, and not of a call that cannot be made.
    public var isDamage: Bool { code == .corruption || code == .io }
}
