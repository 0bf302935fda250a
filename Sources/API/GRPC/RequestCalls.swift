import Cluster
import ClusterCore
import Synchronization

extension KeyValueService {
    /// Serves one request for a caller that awaits. Not for the session, which would pay a suspension each.
    func serve(_ request: Request) async -> Response {
        await withCheckedContinuation { continuation in
            submit(request) { continuation.resume(returning: $0) }
        }
    }

    /// Serves all of `requests` at the same time; the responses are in their order.
    func serve(_ requests: [Request]) async -> [Response] {
        if requests.isEmpty { return [] }
        return await withCheckedContinuation { continuation in
            let gathering = Gathering(count: requests.count) { continuation.resume(returning: $0) }
            for (index, request) in requests.enumerated() {
                submit(request) { gathering.set(index, $0) }
            }
        }
    }
}

/// Collects the responses to a batch, which come on any thread.
private final class Gathering: Sendable {
    private struct State {
        var responses: [Response]
        var missing: Int
    }

    private let state: Mutex<State>
    private let whenComplete: @Sendable ([Response]) -> Void

    init(count: Int, whenComplete: @escaping @Sendable ([Response]) -> Void) {
        let placeholder = Response.failed(RequestError(.internal))
        state = Mutex(State(responses: Array(repeating: placeholder, count: count), missing: count))
        self.whenComplete = whenComplete
    }

    func set(_ index: Int, _ response: Response) {
        let complete: [Response]? = state.withLock { state in
            state.responses[index] = response
            state.missing -= 1
            return state.missing == 0 ? state.responses : nil
        }
        if let complete { whenComplete(complete) }
    }
}
