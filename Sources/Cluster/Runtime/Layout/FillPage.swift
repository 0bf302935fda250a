import ClusterCore
import Engine
import NIOCore

/// A page of a partition that is being filled, on its way into this node.
struct FillPage {
    struct Row {
        var key: StorageKey
        var versions: Versions
    }

    let partition: Int
    /// Where it begins, itself excluded; nil from the start.
    let after: StorageKey?
    private(set) var rows: [Row]
    /// Whether the source has no more behind it.
    private(set) var isLast: Bool
    /// What the source had seen before it read the rows.
    let clock: PartitionClock
    /// Where it ends; nil: at the partition's end.
    private(set) var last: StorageKey?
    /// When it was asked for.
    let askedAt: NIODeadline

    /// - Throws: `CodecError` if a state cannot be decoded.
    init(
        _ request: PageRequest, rows: [PageRow], isLast: Bool, clock: PartitionClock, askedAt: NIODeadline
    ) throws(CodecError) {
        self.askedAt = askedAt
        partition = request.partition
        after = request.after
        self.rows = try rows.map { row throws(CodecError) in
            Row(key: row.key, versions: try VersionsCodec.decode(row.state))
        }
        self.isLast = isLast
        self.clock = clock
        last = isLast ? nil : rows.last?.key
    }

    /// The page with what this node holds in its range and the source does not, as rows without anything in them.
    ///
    /// - Parameters:
    ///   - keys: Of this node, ascending.
    ///   - upTo: Where they end, if that is before the page does: it ends there then.
    func with(_ keys: [StorageKey], upTo: StorageKey?) -> FillPage {
        var page = self
        if let upTo {
            page.rows.removeAll { upTo.sortsBefore($0.key) }
            page.isLast = false
            page.last = upTo
        }
        let present = Set(page.rows.map(\.key))
        page.rows += keys.lazy.filter { !present.contains($0) }.map { Row(key: $0, versions: Versions()) }
        return page
    }
}

extension Replica {
    /// Keys read at a time.
    private static let keysLimit = 4096

    /// The keys of a partition that lie here behind `after` and up to `last`, on a reader thread; `upTo` says where they end
    /// if there are too many.
    func keys(
        of partition: Int, after: StorageKey?, upTo last: StorageKey?,
        whenDone: @escaping @Sendable (Result<(keys: [StorageKey], upTo: StorageKey?), EngineError>) -> Void
    ) {
        do throws(EngineError) {
            try executor.submitRead { engine in
                do throws(EngineError) {
                    var keys: [StorageKey] = []
                    var isInside = true
                    let rest = try engine.rows(
                        of: partition, after: after, limit: ScanLimit(rows: Self.keysLimit)
                    ) { (key, _) throws(EngineError) in
                        if let last, last.sortsBefore(key) {
                            isInside = false
                            return .stop
                        }
                        keys.append(key)
                        return .next
                    }
                    whenDone(.success((keys, rest != nil && isInside ? keys.last : nil)))
                } catch {
                    whenDone(.failure(error))
                }
            }
        } catch {
            whenDone(.failure(error))
        }
    }
}
