import ClusterCore
import Engine

/// A page of the hints for one target.
struct HintPage: Sendable {
    var hints: [Hint] = []
    /// The last record's key, if there may be more behind it.
    var last: HintKey?
    /// Records that cannot be decoded; they stay where they are.
    var damaged = 0
}

extension EngineReader {
    /// The records for `target` behind `after`, at most `rows` of them, and not many more bytes than `bytes`.
    func hints(
        for target: NodeID, after: HintKey?, rows: Int, bytes: Int
    ) throws(EngineError) -> HintPage {
        var range = KeyRange.prefix(HintKey.prefix(ofTarget: target))
        if let after { range.lower = after.bytes + [0] }
        var page = HintPage()
        let rest = try scan(.hints, range, reverse: false, limit: ScanLimit(rows: rows, bytes: bytes)) {
            (key, value) throws(EngineError) in
            page.last = HintKey(bytes: [UInt8](copying: key))
            do throws(CodecError) {
                page.hints += try HintRecordCodec.decode([UInt8](copying: value)).hints
            } catch {
                page.damaged += 1
            }
            return .next
        }
        if rest == nil { page.last = nil }
        return page
    }

    /// What is kept of `key` for any of `targets`, merged; nil if nothing is.
    func hints(of key: StorageKey, for targets: [NodeID]) throws(EngineError) -> Versions? {
        var found: Versions?
        for target in targets {
            guard let bytes = try get(.hints, HintKey(target: target, key: key).bytes),
                let hint = try HintRecord.stored(bytes)[key]
            else { continue }
            found = found ?? Versions()
            found?.merge(hint.versions, policy: hint.policy)
        }
        return found
    }

    /// The books of all hints in the engine. Reads every row, but copies only the heads of values.
    public func hintLedger(limits: HintLedger.Limits) throws(EngineError) -> HintLedger {
        var ledger = HintLedger(limits: limits)
        _ = try scan(.hints, .all, reverse: false, limit: ScanLimit()) { (key, value) throws(EngineError) in
            guard let place = HintKey(bytes: [UInt8](copying: key)) else {
                throw EngineError(.corruption, "a key of a hint cannot be decoded")
            }
            let head = value.extracting(0..<Swift.min(value.byteCount, HintRecordCodec.summarySize))
            var summary = HintRecordCodec.summary([UInt8](copying: head))
            if summary == nil {
                let record = try HintRecord.stored([UInt8](copying: value))
                summary = (record.hints.count, record.oldestMillis ?? 0)
            }
            ledger.apply(
                .init(
                    target: place.target, count: summary!.count, bytes: key.byteCount + value.byteCount,
                    createdMillis: summary!.oldestMillis))
            return .next
        }
        return ledger
    }
}
