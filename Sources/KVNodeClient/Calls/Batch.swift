/// A kind of requests of which a message can hold many.
struct Batch<Entry: Sendable, Output: Sendable>: Sendable {
    typealias Outcome = Result<Output, KVNodeError>

    /// Which key an entry is about.
    var key: @Sendable (Entry) -> KVNodeStore.Key
    /// Of each entry.
    var effect: Effect
    /// Bytes that it takes in a message, but for what is the same for all.
    var size: @Sendable (Entry) -> Int
    /// Sends one message; answers with the outcome of each entry, or with why there is none.
    var send: @Sendable (NodeLink, [Entry], Duration?) async -> Result<[Outcome], KVNodeError>
}

/// Entries in groups, none of which is longer than allowed unless it is a single entry.
func chunks(_ sizes: [Int], maxCount: Int, maxBytes: Int) -> [Range<Int>] {
    var chunks: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    for (index, size) in sizes.enumerated() {
        if index > start, index - start >= maxCount || bytes + size > maxBytes {
            chunks.append(start..<index)
            (start, bytes) = (index, 0)
        }
        bytes += size
    }
    if start < sizes.count { chunks.append(start..<sizes.count) }
    return chunks
}

extension KVNodeStore {
    /// Makes a batch's requests in rounds: each node gets what it has the keys of, and what failed and may be tried again has
    /// part in the next round.
    func perform<Entry: Sendable, Output: Sendable>(
        _ batch: Batch<Entry, Output>, _ entries: [Entry], timeout: Duration?
    ) async -> [Result<Output, KVNodeError>] {
        let (start, began) = begin(batch.effect, timeout: timeout)
        var course = start
        var outcomes: [Int: Result<Output, KVNodeError>] = [:]
        var pending = Array(entries.indices)
        var tried: Set<Int> = []
        while !pending.isEmpty {
            let groups = group(pending.map { ($0, batch.key(entries[$0])) }, tried: tried)
            let round = course
            await withTaskGroup(of: [(Int, Result<Output, KVNodeError>)].self) { tasks in
                for (link, indices) in groups {
                    tasks.addTask {
                        let part = indices.map { entries[$0] }
                        return Array(zip(indices, await self.send(batch, part, to: link, round, began)))
                    }
                }
                for await part in tasks {
                    for (index, outcome) in part {
                        outcomes[index] = outcome.mapError { $0.tried(round.attempts) }
                    }
                }
            }
            pending = pending.filter { outcomes[$0].map(Self.isWorthRetrying) ?? false }
            guard let first = pending.first, case .failure(let error)? = outcomes[first] else { break }
            let failed = Set(pending)
            tried.formUnion(groups.filter { !failed.isDisjoint(with: $0.value) }.keys)
            do throws(KVNodeError) {
                try await pause(&course, began: began, after: error)
            } catch {
                break
            }
        }
        return entries.indices.map { outcomes[$0] ?? .failure(.withoutOutcome.of(batch.effect)) }
    }

    /// The endpoints that are asked, each with the entries that it gets.
    ///
    /// - Parameter entries: Each entry's index with its key.
    private func group(_ entries: [(Int, Key)], tried: Set<Int>) -> [Int: [Int]] {
        let now = now
        return route { router in
            // What has no replica that is known goes to one node together, rather than in as many messages as there are nodes.
            let other = router.next(now: now, tried: tried)
            return Dictionary(grouping: entries) { router.replica(of: $0.1, now: now, tried: tried) ?? other }
                .mapValues { $0.map(\.0) }
        }
    }

    /// Sends a node what it is to do, in as many messages as that takes, one after the other.
    private func send<Entry: Sendable, Output: Sendable>(
        _ batch: Batch<Entry, Output>, _ entries: [Entry], to index: Int, _ course: RequestCourse,
        _ began: Duration
    ) async -> [Result<Output, KVNodeError>] {
        var outcomes: [Result<Output, KVNodeError>] = []
        let parts = chunks(
            entries.map(batch.size), maxCount: max(1, configuration.maxBatchEntries),
            maxBytes: configuration.maxBatchBytes)
        for range in parts {
            let part = entries[range]
            let elapsed = now - began
            if course.isOver(elapsed: elapsed) {
                let error = KVNodeError(.deadlineExceeded, "the time was over before it was sent")
                return outcomes + entries[range.lowerBound...].map { _ in .failure(error) }
            }
            let timeout = course.attemptTimeout(elapsed: elapsed)
            switch await batch.send(links[index], Array(part), timeout) {
            case .success(let replies):
                note(nil, of: index)
                outcomes += replies.prefix(part.count).map { outcome in
                    outcome.mapError { $0.of(batch.effect).asked(links[index].endpoint) }
                }
                let missing = part.dropFirst(replies.count)
                outcomes += missing.map { _ in .failure(.withoutOutcome.of(batch.effect)) }
            case .failure(let error):
                note(error, of: index)
                outcomes += part.map { _ in .failure(error.of(batch.effect)) }
                // What comes after it was not sent, and would fare no better.
                outcomes += entries[range.upperBound...].map { _ in .failure(error.of(.read)) }
                return outcomes
            }
        }
        return outcomes
    }

    private static func isWorthRetrying<Output>(_ outcome: Result<Output, KVNodeError>) -> Bool {
        guard case .failure(let error) = outcome else { return false }
        return error.isWorthRetrying
    }
}

extension KVNodeError {
    fileprivate func tried(_ attempts: Int) -> KVNodeError {
        var error = self
        error.attempts = attempts
        return error
    }

    fileprivate func asked(_ endpoint: KVNodeEndpoint) -> KVNodeError {
        var error = self
        error.endpoint = endpoint
        return error
    }
}
