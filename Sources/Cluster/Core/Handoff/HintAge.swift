/// How old hints are to a node in its present run.
///
/// Their times are those of a clock that is set when the run begins and then only runs, so that no jump of the wall clock makes a
/// hint old. A hint of an earlier run counts from the beginning of this one: what the clock was then, or is now, may be wrong by
/// years. So hints are kept longer by restarts; their bytes are bounded in any case.
public struct HintAge: Sendable {
    /// When the run began, by its clock: milliseconds since 1970.
    public let runBegan: UInt64

    public init(runBegan: UInt64) { self.runBegan = runBegan }

    /// Milliseconds for which a hint is kept in this run.
    ///
    /// - Parameters:
    ///   - createdMillis: When it came, by the clock of the run in which it did.
    ///   - now: By the clock of this run.
    public func age(of createdMillis: UInt64, at now: UInt64) -> UInt64 {
        let isOfThisRun = runBegan...max(runBegan, now) ~= createdMillis
        let since = isOfThisRun ? createdMillis : runBegan
        return now - min(now, since)
    }
}
