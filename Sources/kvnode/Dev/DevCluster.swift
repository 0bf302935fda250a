import Foundation
import Glibc

/// Runs the nodes of a plan as child processes until it is told to stop. One task owns all state; threads, timers and
/// signals only send it events.
struct DevCluster {
    enum Event: Sendable {
        case ended(node: Int)
        case ready(node: Int)
        case restart(node: Int)
        /// ^C or SIGTERM.
        case stop
        /// The nodes have had their time to stop.
        case stopDeadline
    }

    /// What becomes of the process.
    enum Outcome {
        case stopped
        /// A node could not start, or none is left.
        case failed
    }

    private struct Child {
        var process: ChildProcess?
        var isReady = false
        var probe: Task<Void, Never>?
        /// Endings since it was last ready.
        var failures = 0
    }

    private static let firstRestartDelay = Duration.milliseconds(500)
    private static let longestRestartDelay = Duration.seconds(10)
    /// More than `shutdown.timeout_ms` by default.
    private static let stopTimeout = Duration.seconds(15)

    private let plan: DevPlan
    private let restart: Bool
    private let environment: [String: String]
    private let events: AsyncStream<Event>
    private let send: AsyncStream<Event>.Continuation
    private var children: [Child]
    private var hasBeenReady = false
    private var outcome: Outcome?

    /// - Parameter restart: Whether a node that ends by itself is started again.
    init(plan: DevPlan, restart: Bool, environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.plan = plan
        self.restart = restart
        self.environment = DevPlan.environment(from: environment)
        (events, send) = AsyncStream.makeStream(of: Event.self)
        children = plan.nodes.map { _ in Child() }
    }

    mutating func run() async -> Outcome {
        let signals = SignalEvents { [send] in send.yield(.stop) }
        defer { signals.cancel() }
        for node in plan.nodes.indices where outcome == nil { start(node) }
        if isEmpty { return .failed }
        for await event in events {
            handle(event)
            if outcome != nil, isEmpty { break }
        }
        for child in children { child.probe?.cancel() }
        return outcome ?? .failed
    }

    private var isEmpty: Bool { children.allSatisfy { $0.process == nil } }

    private mutating func handle(_ event: Event) {
        switch event {
        case .ended(let node):
            ended(node)
        case .ready(let node):
            ready(node)
        case .restart(let node):
            if outcome == nil { start(node) }
        case .stop where outcome == nil:
            say("stopping")
            stop(.stopped)
        case .stop:
            kill("told to stop again")
        case .stopDeadline:
            kill("not stopped after \(Self.stopTimeout)")
        }
    }

    private mutating func start(_ node: Int) {
        let name = plan.nodes[node].name
        do {
            let process = try ChildProcess.start(
                arguments: [
                    "serve", "--config", plan.nodes[node].configurationFile, "--stop-with-standard-input",
                ],
                environment: environment, prefix: "[\(name)] "
            ) { [send] in send.yield(.ended(node: node)) }
            children[node].process = process
            let address = plan.nodes[node].http
            children[node].probe = Task { [send] in
                if (try? await ReadinessProbe.wait(for: address)) != nil { send.yield(.ready(node: node)) }
            }
        } catch {
            say("\(name) can't be started: \(error.message)")
            stop(.failed)
        }
    }

    private mutating func ready(_ node: Int) {
        guard children[node].process != nil else { return }
        children[node].isReady = true
        children[node].failures = 0
        let members = children.dropLast(plan.newcomers.count)
        if hasBeenReady || node >= members.count {
            say("\(plan.nodes[node].name) is ready")
        } else if members.allSatisfy(\.isReady) {
            hasBeenReady = true
            Output.standardOutput.write("ready\n")
        }
    }

    private mutating func ended(_ node: Int) {
        guard let process = children[node].process else { return }
        let ending = process.reap()
        children[node].process = nil
        children[node].isReady = false
        children[node].probe?.cancel()
        if outcome != nil { return }
        let name = plan.nodes[node].name
        if !hasBeenReady {
            say("\(name) \(ending) before the cluster was ready; its log is above. Stopping.")
            stop(.failed)
        } else if restart {
            let delay = min(
                Self.firstRestartDelay * (1 << min(children[node].failures, 10)), Self.longestRestartDelay)
            children[node].failures += 1
            say("\(name) \(ending); starting it again in \(delay)")
            send(.restart(node: node), after: delay)
        } else {
            say("\(name) \(ending); the others go on")
            if isEmpty { outcome = .failed }
        }
    }

    /// Tells every node to stop; `run` ends when all have.
    private mutating func stop(_ outcome: Outcome) {
        self.outcome = outcome
        for child in children { child.process?.send(SIGTERM) }
        send(.stopDeadline, after: Self.stopTimeout)
    }

    private func kill(_ reason: String) {
        for (node, child) in zip(plan.nodes, children) {
            guard let process = child.process else { continue }
            say("\(node.name): \(reason), killing it")
            process.send(SIGKILL)
        }
    }

    private func send(_ event: Event, after delay: Duration) {
        Task { [send] in
            try? await Task.sleep(for: delay)
            send.yield(event)
        }
    }

    private func say(_ text: String) { Output.standardError.write("kvnode dev: \(text)\n") }
}
