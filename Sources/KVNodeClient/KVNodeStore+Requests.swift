public import Foundation
internal import GRPCCore
internal import Messages
internal import SwiftProtobuf

extension KVNodeStore {
    private typealias Method = Kvnode_V1_KeyValue.Method

    /// Reads a key. One that isn't there is no error: its reading has no siblings.
    ///
    /// - Throws: `KVNodeError`; of the kind `wrongType` for a set or a map, which `data(at:options:)` reads.
    public func get(_ key: Key, options: Options = Options()) async throws(KVNodeError) -> Reading {
        let reply: Kvnode_V1_GetResponse = try await perform(
            key.getRequest(options), Method.Get.descriptor, .read, key, options)
        return Reading(reply)
    }

    /// Writes a value.
    ///
    /// It is tried again if it is certain that nothing was done, and only then: a second put would stand beside the first as a
    /// sibling, even with a context, which can't cover it.
    ///
    /// - Returns: The context after the write, to go on with; empty if the write stands beside values that it hasn't seen:
    ///   read the key for one.
    /// - Throws: `KVNodeError`; of the kind `conditionFailed` if the put's condition doesn't hold.
    @discardableResult
    public func put(_ put: Put, options: Options = Options()) async throws(KVNodeError) -> Context {
        var request = put.message
        request.options = options.message
        let reply: Kvnode_V1_PutResponse = try await perform(
            request, Method.Put.descriptor, .write, put.key, options)
        return Context(bytes: reply.context)
    }

    /// Writes a value: `put(_:options:)` in short.
    ///
    /// - Parameter context: Of the read on the ground of which this is written. Without one the write replaces nothing.
    /// - Returns: As `put(_:options:)`.
    /// - Throws: `KVNodeError`.
    @discardableResult
    public func put(
        _ value: Data, at key: Key, context: Context = Context(), options: Options = Options()
    ) async throws(KVNodeError) -> Context {
        try await put(Put(value, at: key, context: context), options: options)
    }

    /// Deletes what a read has seen of a key; what was written concurrently stays.
    ///
    /// - Parameters:
    ///   - context: Of that read. Empty: nothing is taken away, unless there is `match`.
    ///   - match: The key's context must still be this one. Nil for no condition.
    /// - Returns: The context after the delete. A put with it comes after the delete.
    /// - Throws: `KVNodeError`; of the kind `conditionFailed` if `match` is not the key's context any more.
    @discardableResult
    public func delete(
        _ key: Key, context: Context, ifMatch match: Context? = nil, options: Options = Options()
    ) async throws(KVNodeError) -> Context {
        let request = Kvnode_V1_DeleteRequest.with {
            $0.bucket = key.bucket
            $0.key = key.bytes
            $0.context = context.bytes
            if let match { $0.ifMatch = match.bytes }
            $0.options = options.message
        }
        let reply: Kvnode_V1_DeleteResponse = try await perform(
            request, Method.Delete.descriptor, .write, key, options)
        return Context(bytes: reply.context)
    }

    /// Some of a bucket's keys. No snapshot: keys that come and go meanwhile may be there or not.
    ///
    /// - Parameters:
    ///   - bucket: 1 to 28 bytes of UTF-8.
    ///   - prefix: Only the keys that start with these bytes.
    ///   - limit: The most keys; 0 for the node's default.
    ///   - cursor: Of the page before; nil for the first.
    /// - Throws: `KVNodeError`.
    public func list(
        in bucket: String, prefix: Data = Data(), limit: Int = 0, after cursor: Page.Cursor? = nil,
        options: Options = Options()
    ) async throws(KVNodeError) -> Page {
        let request = Kvnode_V1_ListRequest.with {
            $0.bucket = bucket
            $0.prefix = prefix
            $0.limit = UInt32(clamping: limit)
            $0.cursor = cursor?.bytes ?? Data()
            $0.options = options.message
        }
        let reply: Kvnode_V1_ListResponse = try await perform(
            request, Method.List.descriptor, .read, nil, options)
        return Page(
            keys: reply.keys, next: reply.cursor.isEmpty ? nil : Page.Cursor(bytes: reply.cursor))
    }

    /// Reads a key, whatever type of data it holds; `get` fails for a set or a map.
    ///
    /// - Throws: `KVNodeError`.
    public func data(at key: Key, options: Options = Options()) async throws(KVNodeError) -> DataReading {
        let reply: Kvnode_V1_GetDataResponse = try await perform(
            key.getRequest(options), Method.GetData.descriptor, .read, key, options)
        return DataReading(reply)
    }

    /// Changes a counter, a set or a map. A key that isn't there counts as 0, or as an empty set or map.
    ///
    /// It is not repeated if it may have been done: `KVNodeError.mayHaveHappened` says so. The program decides whether to count
    /// once too often or once too few; or whether it may set, add or remove what another client has changed meanwhile.
    ///
    /// - Returns: How much came of it: a count, or the number as it is now.
    /// - Throws: `KVNodeError`; of the kind `wrongType` if the key holds another type of data, or no number that can be added to.
    @discardableResult
    public func change(
        _ key: Key, _ change: Change, options: Options = Options()
    ) async throws(KVNodeError) -> ChangeOutcome {
        let request = Kvnode_V1_UpdateDataRequest.with {
            $0.bucket = key.bucket
            $0.key = key.bytes
            $0.change = change.message
            $0.options = options.message
        }
        let reply: Kvnode_V1_UpdateDataResponse = try await perform(
            request, Method.UpdateData.descriptor, .write, key, options)
        return ChangeOutcome(reply)
    }

    /// Makes a request until it succeeds, or must or can not be tried again.
    ///
    /// - Parameter key: That the request is about; nil if it is about several.
    private func perform<Input: TimedRequest & Sendable, Output: Message & Sendable>(
        _ request: Input, _ method: MethodDescriptor, _ effect: Effect, _ key: Key?, _ options: Options
    ) async throws(KVNodeError) -> Output {
        let (start, began) = begin(effect, timeout: options.timeout)
        var course = start
        var tried: Set<Int> = []
        while true {
            let now = now
            let index = route { router in
                key.flatMap { router.replica(of: $0, now: now, tried: tried) }
                    ?? router.next(now: now, tried: tried)
            }
            let timeout = course.attemptTimeout(elapsed: now - began)
            let result: Result<Output, KVNodeError> = await links[index].send(
                request.limited(to: timeout), method, timeout: timeout)
            switch result {
            case .success(let output):
                note(nil, of: index)
                return output
            case .failure(let error):
                note(error, of: index)
                tried.insert(index)
                try await pause(&course, began: began, after: error.of(effect))
            }
        }
    }
}

extension KVNodeStore.Key {
    func getRequest(_ options: KVNodeStore.Options) -> Kvnode_V1_GetRequest {
        .with {
            $0.bucket = bucket
            $0.key = bytes
            $0.options = options.message
        }
    }
}
