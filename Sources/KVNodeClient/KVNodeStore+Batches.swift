internal import Foundation
internal import Messages
internal import SwiftProtobuf

extension KVNodeStore {
    private typealias Method = Kvnode_V1_KeyValue.Method

    /// Reads many keys at little more than the price of the longest: one message to each node, with the keys that it has. Not a
    /// snapshot.
    ///
    /// - Returns: One result for each key, in their order. What failed and may be tried again was.
    public func getAll(
        _ keys: [Key], options: Options = Options()
    ) async -> [Result<Reading, KVNodeError>] {
        let batch = Batch<Key, Reading>(
            key: \.self, effect: .read, size: { $0.bytes.count }
        ) { link, keys, timeout in
            let request = Kvnode_V1_BatchGetRequest.with {
                $0.entries = keys.map { key in
                    .with {
                        $0.bucket = key.bucket
                        $0.key = key.bytes
                    }
                }
                $0.options = options.message
            }
            let reply: Result<Kvnode_V1_BatchGetResponse, KVNodeError> = await link.send(
                request.limited(to: timeout), Method.BatchGet.descriptor, timeout: timeout)
            return reply.map { reply in
                reply.results.map { result in
                    switch result.outcome {
                    case .response(let response): .success(Reading(response))
                    case .error(let error): .failure(KVNodeError(error))
                    case nil: .failure(.withoutOutcome)
                    }
                }
            }
        }
        return await perform(batch, keys, timeout: options.timeout)
    }

    /// Writes many values: one message to each node, with the keys that it has. Not a transaction: each is written or fails by
    /// itself. Those of one key are concurrent to each other.
    ///
    /// - Returns: One result for each value, in their order, each as `put(_:options:)` has it. What failed and may be tried
    ///   again was.
    public func putAll(
        _ puts: [Put], options: Options = Options()
    ) async -> [Result<Context, KVNodeError>] {
        let batch = Batch<Put, Context>(
            key: \.key, effect: .write, size: { $0.key.bytes.count + $0.value.count }
        ) { link, puts, timeout in
            let request = Kvnode_V1_BatchPutRequest.with {
                $0.entries = puts.map(\.message)
                $0.options = options.message
            }
            let reply: Result<Kvnode_V1_BatchPutResponse, KVNodeError> = await link.send(
                request.limited(to: timeout), Method.BatchPut.descriptor, timeout: timeout)
            return reply.map { reply in
                reply.results.map { result in
                    switch result.outcome {
                    case .response(let response): .success(Context(bytes: response.context))
                    case .error(let error): .failure(KVNodeError(error))
                    case nil: .failure(.withoutOutcome)
                    }
                }
            }
        }
        return await perform(batch, puts, timeout: options.timeout)
    }
}

extension KVNodeError {
    /// A reply that isn't whole.
    static var withoutOutcome: KVNodeError {
        var error = KVNodeError(.internal, "the node's reply has no result for this entry")
        error.mayHaveHappened = true
        return error
    }
}
