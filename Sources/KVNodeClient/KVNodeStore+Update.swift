public import Foundation

extension KVNodeStore {
    /// Reads a key, has its value made anew, and writes that if nobody else has written meanwhile; else begins again, up to
    /// `KVNodeConfiguration.maxUpdateAttempts` times. This is how siblings are resolved.
    ///
    /// ```swift
    /// try await store.update(cart) { siblings in
    ///     encode(siblings.reduce(into: Set(["tea"])) { $0.formUnion(decode($1.value)) })
    /// }
    /// ```
    ///
    /// Two that update at the same moment through different nodes may both succeed: their values are siblings then, and the
    /// next update merges them. So a merge should not depend on the order of the siblings.
    ///
    /// - Parameters:
    ///   - options: Each read and each write has the time of its own.
    ///   - merge: Gets the values, none for a key that has no value, and returns the one that is to be; nil writes nothing. Runs
    ///     where the caller does, once for each attempt. The value has the siblings' content type, if they agree on one.
    /// - Returns: The context after the write, or of the read if nothing was written.
    /// - Throws: `KVNodeError`; of the kind `contention` if others wrote each time. A write whose outcome is unknown ends it, with
    ///   `mayHaveHappened`: to call it again is right if to merge twice does no harm.
    @discardableResult
    public nonisolated(nonsending) func update(
        _ key: Key, options: Options = Options(), merge: (_ siblings: [Sibling]) -> Data?
    ) async throws(KVNodeError) -> Context {
        var attempt = 1
        while true {
            let reading = try await get(key, options: options)
            guard let value = merge(reading.siblings) else { return reading.context }
            var put = Put(value, at: key, context: reading.context)
            put.condition = reading.context.isEmpty ? .ifAbsent : .ifMatch(reading.context)
            let types = Set(reading.siblings.map(\.contentType))
            put.contentType = types.count == 1 ? types.first ?? "" : ""
            do throws(KVNodeError) {
                return try await self.put(put, options: options)
            } catch {
                guard error.kind == .conditionFailed else { throw error }
                try await pause(beforeUpdate: attempt, of: key, after: error)
                attempt += 1
            }
        }
    }

    /// - Parameter attempt: How many there were.
    private func pause(
        beforeUpdate attempt: Int, of key: Key, after error: KVNodeError
    ) async throws(KVNodeError) {
        var error = error
        error.attempts = attempt
        guard attempt < configuration.maxUpdateAttempts else {
            error.kind = .contention
            error.message = "others wrote \(key) each of \(attempt) times"
            throw error
        }
        await wait(backoff(beforeRetry: attempt))
        if Task.isCancelled {
            error.kind = .cancelled
            throw error
        }
    }
}
