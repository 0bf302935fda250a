import ClusterCore
import Engine

/// Reads a partition, or the hints, of an engine at one moment, and hands each row to a writer.
struct SectionReading {
    /// Bytes of keys and states that are read at a time.
    private static let pageBytes = 256 << 10

    let section: ArchiveNames.Section
    let engine: any StorageEngine
    /// Called after each page with the bytes of it; throws to end the reading.
    let pace: (_ bytes: Int) throws(BackupError) -> Void

    private struct Row {
        var key: StorageKey
        var state: [UInt8]
    }

    /// Blocks for as long as it takes, and keeps a snapshot of the engine meanwhile.
    ///
    /// - Returns: All that `writer` has made, with the digest of what was read.
    func run(_ writer: inout SectionWriter) throws(BackupError) -> PartitionIndex {
        var digest = KeyspaceDigest(.data)
        var failure: BackupError?
        do throws(EngineError) {
            try engine.read { (view) throws(EngineError) in
                var rest: KeyRange? = range
                while let range = rest, failure == nil {
                    var page: [Row] = []
                    rest = try view.scan(
                        keyspace, range, reverse: false, limit: ScanLimit(bytes: Self.pageBytes)
                    ) { (key, value) throws(EngineError) in
                        page += try rows([UInt8](copying: key), [UInt8](copying: value))
                        return .next
                    }
                    for row in page { digest.add(row.key.bytes.span.bytes, row.state.span.bytes) }
                    failure = take(page, &writer)
                }
            }
        } catch {
            throw BackupError(error)
        }
        if let failure { throw failure }
        var index = try writer.finish()
        index.digest = digest.hash
        index.bytes = Int(digest.bytes)
        return index
    }

    private var keyspace: Keyspace { section == .hints ? .hints : .data }

    private var range: KeyRange {
        guard case .partition(let partition) = section else { return .all }
        let range = StorageKey.range(ofPartition: partition)
        return KeyRange(lower: range.lower, upper: range.upper)
    }

    /// The keys in a row of the engine, with their states.
    private func rows(_ key: [UInt8], _ value: [UInt8]) throws(EngineError) -> [Row] {
        guard section == .hints else {
            guard let key = StorageKey(bytes: key) else {
                throw EngineError(.corruption, "a stored key cannot be decoded")
            }
            return [Row(key: key, state: value)]
        }
        do throws(CodecError) {
            return try HintRecordCodec.decode(value).hints.map {
                Row(key: $0.key, state: VersionsCodec.encode($0.versions))
            }
        } catch {
            throw EngineError(.corruption, "a stored hint cannot be decoded: \(error)")
        }
    }

    private func take(_ page: [Row], _ writer: inout SectionWriter) -> BackupError? {
        do throws(BackupError) {
            for row in page { try writer.add(row.key, state: row.state) }
            try pace(page.reduce(0) { $0 + $1.key.bytes.count + $1.state.count })
            return nil
        } catch {
            return error
        }
    }
}
