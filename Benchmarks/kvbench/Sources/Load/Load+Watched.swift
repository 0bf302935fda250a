import Dispatch
import Foundation
import Results
import Synchronization

/// How far a round has come.
public struct Progress: Sendable {
    /// Since its start.
    public var seconds: Double
    /// Those that were done so far.
    public var operations: Int
    /// In the last second that is over.
    public var operationsPerSecond: Int
}

extension Load {
    private static let watchPeriod: UInt64 = 100_000_000

    /// Runs a round on a thread of its own: what the caller does meanwhile delays no operation. `Loaded` is as it was when the
    /// round was over, and this returns at once then.
    ///
    /// - Parameter watch: Called on the calling thread about ten times a second, and in the second since the start that it gave
    ///   last. What it throws ends the round.
    public static func run(
        _ plan: LoadPlan, records: RecordCount, watching watch: (Progress) throws -> Double?
    ) throws -> Loaded {
        let begun = Clock.now()
        let round = WatchedRound(plan, records)
        do {
            var wished: UInt64?
            repeat {
                var progress = round.progress
                progress.seconds = Double(Clock.now() - begun) / 1e9
                wished = try watch(progress).map { begun + UInt64($0 * 1e9) }
            } while !round.isOver(by: min(Clock.now() + watchPeriod, wished ?? .max))
        } catch {
            round.end()
            throw error
        }
        return try round.outcome()
    }
}

/// A round on a thread of its own.
private final class WatchedRound: Sendable {
    private let state = Mutex(State())
    private let isUnwanted = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)

    private struct State {
        var progress = Progress(seconds: 0, operations: 0, operationsPerSecond: 0)
        var outcome: Result<Loaded, WireError>?
    }

    init(_ plan: LoadPlan, _ records: RecordCount) {
        Thread.detachNewThread { [self] in
            let outcome = Result { () throws(WireError) in
                try Load.run(plan, records: records) { seconds, recorder in
                    note(
                        Progress(
                            seconds: seconds, operations: recorder.operations,
                            operationsPerSecond: recorder.timeline.last?.operations ?? 0))
                    return !isUnwanted.load(ordering: .relaxed)
                }
            }
            state.withLock { $0.outcome = outcome }
            ended.signal()
        }
    }

    private func note(_ progress: Progress) { state.withLock { $0.progress = progress } }

    var progress: Progress { state.withLock { $0.progress } }

    /// Waits for the end until a time of the clock.
    func isOver(by time: UInt64) -> Bool {
        let now = Clock.now()
        let rest = DispatchTimeInterval.nanoseconds(time > now ? Int(time - now) : 0)
        return ended.wait(timeout: .now() + rest) == .success
    }

    /// Has it end before its time, and waits for that.
    func end() {
        isUnwanted.store(true, ordering: .relaxed)
        ended.wait()
    }

    /// When it is over.
    func outcome() throws(WireError) -> Loaded {
        try state.withLock { $0.outcome! }.get()
    }
}
