internal import Messages
internal import Synchronization

/// A cluster's keys, for a program that reads and writes them. Any thread. What fails says why, and what is known of its effect:
/// `KVNodeError`. A cancelled task's request ends at once, as of the kind `cancelled`.
///
/// A store has a connection to each endpoint of its configuration, for as long as `run` is run: `withKVNodeStore` does both.
/// Requests that are made before `run` wait for it.
///
/// ```swift
/// let configuration = KVNodeConfiguration(endpoints: [KVNodeEndpoint(host: "10.0.0.1", port: 7400)])
/// try await withKVNodeStore(configuration) { store in
///     let key = KVNodeStore.Key("alice", in: "carts")
///     let found = try await store.get(key)
///     try await store.put(Data("milk".utf8), at: key, context: found.context)
/// }
/// ```
public final class KVNodeStore: Sendable {
    private struct State {
        var router: Router
        var budget: RetryBudget
    }

    /// What the store goes by.
    public let configuration: KVNodeConfiguration
    /// What an operator should know of the files for TLS, such as a key that all may read.
    public let warnings: [String]
    let links: [NodeLink]
    private let environment: Environment
    private let state: Mutex<State>

    /// Reads the files for TLS, if there are any: blocks for that. Connects when it is run.
    ///
    /// - Throws: `KVNodeError.Kind.configuration` if there is no endpoint, or a file can't be used.
    public convenience init(_ configuration: KVNodeConfiguration) throws(KVNodeError) {
        try self.init(configuration, .system())
    }

    init(_ configuration: KVNodeConfiguration, _ environment: Environment) throws(KVNodeError) {
        guard !configuration.endpoints.isEmpty else {
            throw KVNodeError(.configuration, "there is no endpoint to connect to")
        }
        self.configuration = configuration
        self.environment = environment
        var links: [NodeLink] = []
        for endpoint in configuration.endpoints { links.append(try NodeLink(endpoint, configuration)) }
        self.links = links
        // Each endpoint reads the same files.
        warnings = links[0].warnings
        let count = links.count
        let router = Router(
            count: count, rest: configuration.restAfterFailure,
            turn: Int(environment.random() * Double(count)))
        let retries = configuration.retries
        let budget = RetryBudget(ratio: retries.budgetRatio, capacity: retries.budgetCapacity)
        state = Mutex(State(router: router, budget: budget))
    }

    /// Keeps the connections, and what is known of the layout, until `beginGracefulShutdown` and the end of the requests in
    /// flight, or until the task is cancelled, which breaks them off. An address to which a connection is being made, and that does
    /// not answer at all, holds the end up for 10 s at most. To be called once.
    public func run() async {
        await withTaskGroup { group in
            group.addTask { await self.keepRouting() }
            await withDiscardingTaskGroup { connections in
                for link in links { connections.addTask { await link.run() } }
            }
            group.cancelAll()
        }
    }

    /// Takes no more requests; those in flight go on. Idempotent.
    public func beginGracefulShutdown() {
        for link in links { link.beginGracefulShutdown() }
    }

    // MARK: Requests

    /// A request that begins now.
    func begin(_ effect: Effect, timeout: Duration?) -> (course: RequestCourse, began: Duration) {
        state.withLock { $0.budget.deposit() }
        let retries = configuration.retries
        let limits = RequestCourse.Limits(
            maxAttempts: retries.maxAttempts,
            backoff: Backoff(base: retries.baseDelay, maximum: retries.maxDelay),
            attemptTimeout: configuration.attemptTimeout)
        let course = RequestCourse(limits, effect, timeout: timeout ?? configuration.timeout)
        return (course, environment.now())
    }

    /// The time since the store was made.
    var now: Duration { environment.now() }

    /// Lets `body` choose endpoints.
    func route<Choice: Sendable>(_ body: (inout Router) -> Choice) -> Choice {
        state.withLock { body(&$0.router) }
    }

    /// Keeps in mind whether an endpoint has answered.
    func note(_ failure: KVNodeError?, of index: Int) {
        let now = environment.now()
        state.withLock {
            if failure?.isOfConnection == true {
                $0.router.unreachable(index, now: now)
            } else if failure?.kind != .cancelled {
                $0.router.answered(index)
            }
        }
    }

    /// After a failure: waits for the next attempt.
    ///
    /// - Throws: The failure, if there is no other attempt.
    func pause(
        _ course: inout RequestCourse, began: Duration, after error: KVNodeError
    ) async throws(KVNodeError) {
        let (elapsed, random) = (environment.now() - began, environment.random())
        let delay = state.withLock {
            course.delay(after: error, elapsed: elapsed, budget: &$0.budget, random: random)
        }
        guard let delay else { throw course.failure(error) }
        await wait(delay)
        if Task.isCancelled {
            var failure = course.failure(error)
            failure.kind = .cancelled
            throw failure
        }
    }

    /// Until that time is over or the task is cancelled.
    func wait(_ time: Duration) async { try? await environment.sleep(time) }

    /// A wait before what others made fail is tried again.
    func backoff(beforeRetry retry: Int) -> Duration {
        let retries = configuration.retries
        return Backoff(base: retries.baseDelay, maximum: retries.maxDelay)
            .delay(beforeRetry: retry, random: environment.random())
    }
}

/// Runs a store, and stops it when `body` is done.
///
/// - Parameters:
///   - configuration: What the store goes by.
///   - isolation: Where `body` runs: where the caller does, unless said otherwise.
///   - body: What is thrown here breaks the store's requests off.
/// - Throws: `KVNodeError` of `KVNodeStore.init`, or what `body` throws.
public func withKVNodeStore<Outcome>(
    _ configuration: KVNodeConfiguration, isolation: isolated (any Actor)? = #isolation,
    _ body: (KVNodeStore) async throws -> Outcome
) async throws -> Outcome {
    let store = try KVNodeStore(configuration)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await store.run() }
        let outcome = try await body(store)
        store.beginGracefulShutdown()
        return outcome
    }
}
