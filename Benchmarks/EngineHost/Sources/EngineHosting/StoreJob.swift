import Engine

/// The writes of a batch, in one commit, and each as a replica does it: it reads the row that it has before it puts the new one.
final class StoreJob: EngineWriteJob, @unchecked Sendable {
    // @unchecked: owned by one thread at a time, the one that submits it, then the writer's.

    let durability: Durability
    let byteCount: Int
    private let writes: [Batch.Write]
    private var ended: [Ended] = []
    private let whenDone: @Sendable ([Ended]) -> Void

    /// - Parameter whenDone: Called once, on the writer thread or one that stands for it.
    init(_ writes: [Batch.Write], durability: Durability, whenDone: @escaping @Sendable ([Ended]) -> Void) {
        self.writes = writes
        self.durability = durability
        self.whenDone = whenDone
        byteCount = writes.reduce(0) { $0 + $1.key.count + $1.state.count }
    }

    func stage(_ stage: inout WriteStage) throws(EngineError) {
        for write in writes {
            // Copied, as what is done with it needs more than the borrow allows.
            let stored = try stage.withValue(.data, write.key) { (span) throws(EngineError) -> [UInt8]? in
                if let span { [UInt8](copying: span) } else { nil }
            }
            try stage.put(.data, write.key, write.state)
            ended.append(Ended(caller: write.caller, outcome: .wrote(wasThere: stored != nil)))
        }
    }

    func finished(_ result: Result<Void, EngineError>) {
        if case .failure(let error) = result {
            ended = writes.map { Ended(caller: $0.caller, outcome: .failed("\(error)")) }
        }
        whenDone(ended)
    }
}
