import Cluster
import ClusterCore
import ProtoWire
import Synchronization

extension KeyValueService {
    /// Serves all of `requests` at the same time.
    ///
    /// - Parameters:
    ///   - source: Where all of them come from.
    ///   - message: What each response is sent as.
    ///   - replyBytes: What the responses may have together, short ones aside. One that comes after others and would go
    ///     beyond is replaced by a failure at once, so that it isn't held until the end.
    ///   - completion: Called once on any thread, with the responses in the requests' order.
    func submit(
        _ requests: [Request], from source: RequestSource, as message: ReplyMessage, replyBytes: Int,
        _ completion: @escaping @Sendable ([Response]) -> Void
    ) {
        if requests.isEmpty { return completion([]) }
        let gathering = Gathering(
            count: requests.count, message: message, budget: replyBytes, whenComplete: completion)
        for (index, request) in requests.enumerated() {
            submit(request, from: source) { gathering.set(index, message.presentable($0)) }
        }
    }
}

/// Collects the responses to a batch, which come on any thread.
private final class Gathering: Sendable {
    private struct State {
        var responses: [Response]
        var missing: Int
        var bytes = 0
    }

    private let state: Mutex<State>
    private let message: ReplyMessage
    private let budget: Int
    private let whenComplete: @Sendable ([Response]) -> Void

    init(
        count: Int, message: ReplyMessage, budget: Int, whenComplete: @escaping @Sendable ([Response]) -> Void
    ) {
        let placeholder = Response.failed(RequestError(.internal))
        state = Mutex(State(responses: Array(repeating: placeholder, count: count), missing: count))
        self.message = message
        self.budget = budget
        self.whenComplete = whenComplete
    }

    func set(_ index: Int, _ response: Response) {
        let size = ProtoSize.body(response, as: message)
        let complete: [Response]? = state.withLock { state in
            if size > Response.shortBytes, state.bytes > 0, state.bytes + size > budget {
                state.responses[index] = response.dropped("ask for fewer keys at once")
            } else {
                state.responses[index] = response
                state.bytes += size
            }
            state.missing -= 1
            return state.missing == 0 ? state.responses : nil
        }
        if let complete { whenComplete(complete) }
    }
}

extension Response {
    /// Replies up to this size are never dropped: they cost little more than the failure in their place, and
    /// tell the fate of a write.
    static let shortBytes = 1 << 10

    /// What is sent instead of a reply for which there is no room.
    ///
    /// - Parameter advice: What the client is to do.
    func dropped(_ advice: String) -> Response {
        switch self {
        case .failed: self
        case .written, .updated:
            // Not as one that asked no replica: a client may repeat such a write, and this one is done.
            .failed(
                RequestError(
                    .overloaded, "the write was done, but its reply is too long; \(advice)",
                    replicasAnswered: 1, replicasNeeded: 1))
        case .read, .listed: .failed(RequestError(.overloaded, "there is no room for the reply; \(advice)"))
        }
    }
}
