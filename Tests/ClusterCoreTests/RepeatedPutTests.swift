import Testing

@testable import ClusterCore

/// A put that another coordinator may have done, judged by what is stored.
@Suite struct RepeatedPutTests {
    private let content = Versions.written("v", actor: 9, counter: 1).siblings[0].content

    private func verdict(
        on stored: Versions, after context: CausalContext = CausalContext(),
        since: Timestamp = Timestamp()
    ) -> Result<CausalContext, RequestError> {
        WriteCondition.repeated(content, since: since).verdict(on: stored, after: context, now: 0)
    }

    private func seen(_ result: Result<CausalContext, RequestError>) -> VersionVector? {
        try? result.get().vector
    }

    @Test func whatNobodyHasIsWritten() {
        #expect(seen(verdict(on: Versions())) == VersionVector())
        // What the client had seen is still there, or something stands beside it.
        let old = Versions.written("old", actor: 1, counter: 3)
        #expect(seen(verdict(on: old, after: old.causalContext)) == old.context)
        let both = old.merged(with: .written("other", actor: 2, counter: 4))
        #expect(seen(verdict(on: both, after: old.causalContext)) == old.context)
    }

    @Test func whatIsThereGivesWay() {
        let done = Versions.written("v", actor: 2, counter: 4)
        #expect(seen(verdict(on: done)) == done.context)
        let beside = done.merged(with: .written("other", actor: 3, counter: 1))
        #expect(seen(verdict(on: beside)) == done.context)
    }

    /// The put was done, read by another client, and replaced.
    @Test func whatMayHaveBeenReplacedIsNotWrittenAgain() {
        let done = Versions.written("v", actor: 2, counter: 4)
        let replaced = Versions.written("next", actor: 3, counter: 1, seen: done)
        guard case .failure(let error) = verdict(on: replaced) else {
            Issue.record("it comes back")
            return
        }
        #expect(error.code == .quorumNotReached && error.message.contains("outcome unknown"))
        guard case .failure = verdict(on: done.deleted(actor: 3, counter: 1)) else {
            Issue.record("it comes back after a delete")
            return
        }
    }

    /// What was replaced before the put was forwarded was not the put.
    @Test func whatWasReplacedBeforeSaysNothing() {
        let time = { Timestamp(milliseconds: $0) }
        var stored = Versions()
        stored.write(
            content("first"), dot: Dot(actor: 1, counter: 1), timestamp: time(10), context: CausalContext(),
            policy: .siblings)
        stored.write(
            content("second"), dot: Dot(actor: 2, counter: 1), timestamp: time(20),
            context: stored.causalContext, policy: .siblings)
        #expect(seen(verdict(on: stored, since: time(20))) == VersionVector())
        guard case .failure = verdict(on: stored, since: time(19)) else {
            Issue.record("it may have been the first")
            return
        }
        // Done, and there: it gives way, and what was replaced before it is of no account.
        var done = CausalContext()
        done.latest = time(20)
        stored.write(
            content, dot: Dot(actor: 3, counter: 1), timestamp: time(5), context: done, policy: .siblings)
        #expect(seen(verdict(on: stored, since: time(20)))?[3] == 1)
        // Whatever replaces it is stamped later, by however slow a clock.
        stored.write(
            content("next"), dot: Dot(actor: 1, counter: 2), timestamp: time(1),
            context: stored.causalContext, policy: .siblings)
        guard case .failure = verdict(on: stored, since: time(20)) else {
            Issue.record("it comes back")
            return
        }
    }

    private func content(_ text: String) -> Sibling.Content {
        .value(Array(text.utf8), contentType: "")
    }

    @Test func theLastWriteWinsWithoutACondition() {
        let since = Timestamp(milliseconds: 7)
        #expect(WriteCondition.repeating(content, since: since, .lastWriteWins) == nil)
        #expect(
            WriteCondition.repeating(content, since: since, .siblings) == .repeated(content, since: since))
    }

    /// A vector cannot cover the later of two writes of one actor without the earlier.
    @Test func nothingElseGivesWay() {
        var two = Versions.written("other", actor: 2, counter: 3)
        two.write(
            content, dot: Dot(actor: 2, counter: 4), timestamp: Timestamp(), context: CausalContext(),
            policy: .siblings)
        #expect(two.siblings.count == 2)
        #expect(seen(verdict(on: two)) == VersionVector())
    }
}
