import Engine

/// Hands batches to an engine in the ways of a node: a read is answered at once if the engine has the value in memory and by a
/// reader thread if not, writes go to the writer thread in one job, a listing has a reader thread to itself.
final class EngineDesk: Sendable {
    private let executor: EngineExecutor
    private let durability: Durability
    private let completions = Completions()

    init(_ executor: EngineExecutor, durability: Durability) {
        self.executor = executor
        self.durability = durability
    }

    /// - Returns: What has ended already; the rest comes by `take`.
    func submit(_ batch: Batch) -> [Ended] {
        // First, so that the writer thread is at work meanwhile.
        var ended = write(batch.writes)
        var misses: [Batch.Read] = []
        for read in batch.reads {
            if let one = resident(read) { ended.append(one) } else { misses.append(read) }
        }
        ended += self.read(misses)
        for scan in batch.scans { ended += self.scan(scan) }
        return ended
    }

    /// What has ended since.
    ///
    /// - Parameter waits: Whether to wait until anything has.
    func take(waits: Bool) -> [Ended] { completions.take(waits: waits) }

    private func write(_ writes: [Batch.Write]) -> [Ended] {
        if writes.isEmpty { return [] }
        return attempt(writes.map(\.caller)) { () throws(EngineError) in
            try executor.submit(
                StoreJob(writes, durability: durability) { [completions] in completions.add($0) })
        }
    }

    /// Nil if a disk must be asked.
    private func resident(_ read: Batch.Read) -> Ended? {
        do throws(EngineError) {
            let found = try executor.engine.withResidentValue(.data, read.key) {
                (span) throws(EngineError) -> [UInt8]? in
                if let span { [UInt8](copying: span) } else { nil }
            }
            return found.map { Ended(caller: read.caller, outcome: .read(isThere: $0 != nil)) }
        } catch {
            return Ended(caller: read.caller, outcome: .failed("\(error)"))
        }
    }

    private func read(_ reads: [Batch.Read]) -> [Ended] {
        if reads.isEmpty { return [] }
        return attempt(reads.map(\.caller)) { () throws(EngineError) in
            try executor.submitRead { [completions] engine in completions.add(Self.read(reads, engine)) }
        }
    }

    private static func read(_ reads: [Batch.Read], _ engine: any StorageEngine) -> [Ended] {
        var values: [[UInt8]?] = reads.map { _ in nil }
        do throws(EngineError) {
            try engine.multiGet(.data, reads.map(\.key)) { (index, span) throws(EngineError) in
                if let span { values[index] = [UInt8](copying: span) }
            }
        } catch {
            return reads.map { Ended(caller: $0.caller, outcome: .failed("\(error)")) }
        }
        return zip(reads, values).map {
            Ended(caller: $0.caller, outcome: .read(isThere: $1 != nil))
        }
    }

    private func scan(_ scan: Batch.Scan) -> [Ended] {
        attempt([scan.caller]) { () throws(EngineError) in
            try executor.submitRead { [completions] engine in completions.add([Self.scan(scan, engine)]) }
        }
    }

    private static func scan(_ scan: Batch.Scan, _ engine: any StorageEngine) -> Ended {
        var rows = 0
        do throws(EngineError) {
            for prefix in scan.prefixes where rows < scan.limit {
                rows += try engine.scan(.data, .prefix(prefix), limit: ScanLimit(rows: scan.limit - rows))
                    .rows.count
            }
        } catch {
            return Ended(caller: scan.caller, outcome: .failed("\(error)"))
        }
        return Ended(caller: scan.caller, outcome: .scanned(rows: rows))
    }

    /// What a queue has refused has failed.
    private func attempt(_ callers: [Int], _ body: () throws(EngineError) -> Void) -> [Ended] {
        do throws(EngineError) {
            try body()
            return []
        } catch {
            return callers.map { Ended(caller: $0, outcome: .failed("\(error)")) }
        }
    }
}
