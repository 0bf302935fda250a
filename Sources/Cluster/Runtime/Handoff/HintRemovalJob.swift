import ClusterCore
import Engine

/// Removes hints, in one commit with whatever else the writer thread has to do: each only if it is still what was sent.
final class HintRemovalJob: EngineWriteJob, @unchecked Sendable {
    // @unchecked: owned by one thread at a time; the driver makes it, the writer thread stages and finishes it.

    struct Entry: Sendable {
        var target: NodeID
        var hint: Hint
        var reason: HandoffSender.Removal
    }

    /// A removal that is lost only means that the hint is handed back once more.
    let durability = Durability.buffered
    private let entries: [Entry]
    private let hints: HintStore
    private var removed: [(change: HintLedger.Change, reason: HandoffSender.Removal)] = []

    init(_ entries: [Entry], from hints: HintStore) {
        self.entries = entries
        self.hints = hints
    }

    var byteCount: Int { entries.reduce(0) { $0 + $1.hint.byteCount } }

    func stage(_ stage: inout WriteStage) throws(EngineError) {
        for entry in entries {
            do throws(EngineError) {
                if let change = try hints.remove(entry.hint, for: entry.target, from: &stage) {
                    removed.append((change, entry.reason))
                }
            } catch {
                // What cannot be read now stays; the others go.
            }
        }
    }

    func finished(_ result: Result<Void, EngineError>) {
        switch result {
        case .success: for (_, reason) in removed { hints.note(reason) }
        case .failure: hints.takeBack(removed.map(\.change))
        }
    }
}
