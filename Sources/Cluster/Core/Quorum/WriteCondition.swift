/// What must hold for a conditional put, or a change, to write.
public enum WriteCondition: Equatable, Sendable {
    /// Nothing: the reading is for what is changed (`DataChange`), which says itself what it replaces.
    case none
    /// The key has no live value: it was never written, was deleted, or has expired.
    case ifAbsent
    /// The key's context is this very one: nothing was written since the client read it. An empty context matches
    /// nothing, not even a key that was never written.
    case ifMatch(VersionVector)
    /// The put went to a coordinator that was lost, and nothing says that it was done and replaced since. If it was done,
    /// and is there, the write takes its place, so that one value is left. Wherever it was done, it was stamped later
    /// than `since`.
    case repeated(Sibling.Content, since: Timestamp)
}

extension WriteCondition {
    /// What must hold for a put to be done that another coordinator may have done; nil: nothing.
    ///
    /// Under `lastWriteWins` it is simply done: it makes no sibling of the first one, and whatever was put meanwhile was
    /// concurrent with it, since its client still waits.
    public static func repeating(
        _ content: Sibling.Content, since: Timestamp, _ policy: Versions.Policy
    ) -> WriteCondition? {
        policy == .lastWriteWins ? nil : .repeated(content, since: since)
    }

    /// Whether the condition holds for what was read: what the write is to count as having seen.
    ///
    /// - Parameters:
    ///   - context: What the client had seen.
    ///   - now: Milliseconds since 1970.
    func verdict(
        on merged: Versions, after context: CausalContext, now: UInt64
    ) -> Result<CausalContext, RequestError> {
        switch self {
        case .none: return .success(context)
        case .ifAbsent:
            guard merged.isLive(at: now) else { break }
            return Self.unmet("the key has a value")
        case .ifMatch(let expected):
            guard expected.isEmpty || merged.context != expected else { break }
            return Self.unmet("the key was written since that context was read, or never")
        case .repeated(let content, let since):
            return Self.repeating(content, since: since, on: merged, after: context)
        }
        // Whoever sets a condition has seen what it was found to hold for.
        var seen = merged.causalContext
        seen.join(context)
        return .success(seen)
    }

    private static func unmet(_ message: String) -> Result<CausalContext, RequestError> {
        .failure(RequestError(code: .preconditionFailed, message: message))
    }

    /// A client that repeats a put by itself would make a sibling of it, or bring back what another client has replaced
    /// meanwhile. Here both can be told from what is stored, unless the one that was lost alone has stored it.
    private static func repeating(
        _ content: Sibling.Content, since: Timestamp, on merged: Versions, after context: CausalContext
    ) -> Result<CausalContext, RequestError> {
        let unseen = merged.siblings.filter { !context.vector.covers($0.dot) }
        // What replaces a write is stamped later than it (`Versions.write`), and what replaces that, later still.
        let isUntouched = merged.siblings.allSatisfy { $0.timestamp <= since || $0.content == content }
        let isExplained = merged.context.entries.allSatisfy { entry in
            entry.counter <= context.vector[entry.actor]
                || unseen.contains { $0.dot == Dot(actor: entry.actor, counter: entry.counter) }
        }
        guard isUntouched || isExplained else {
            // A write that the client has not seen was replaced, not long ago: it may have been this one.
            return .failure(
                RequestError(
                    code: .quorumNotReached,
                    message: "the put's first coordinator was lost before it answered: outcome unknown",
                    replicasNeeded: 1))
        }
        var seen = context
        for first in unseen where first.content == content {
            // A vector that covers it must cover nothing else that the client has not seen.
            let isAlone = !unseen.contains {
                $0.dot.actor == first.dot.actor && $0.dot.counter < first.dot.counter
            }
            if isAlone {
                seen.join(CausalContext(vector: VersionVector([first.dot]), latest: first.timestamp))
            }
        }
        return .success(seen)
    }
}
