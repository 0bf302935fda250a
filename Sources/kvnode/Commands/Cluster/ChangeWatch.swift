import GRPCCore
import Messages

/// Follows a change of the layout as one node sees it.
struct ChangeWatch {
    enum Goal {
        /// The layout is decided on.
        case open
        case complete
    }

    private static let interval = Duration.milliseconds(250)

    private let client: ClusterOptions.Client
    private let call: CallOptions
    private let version: UInt64
    private let showsProgress: Bool
    private let deadline: ContinuousClock.Instant
    private var told = ""

    /// - Parameters:
    ///   - version: Of the layout that the change leads to.
    ///   - seconds: For all that is followed, from now.
    init(
        client: ClusterOptions.Client, call: CallOptions, version: UInt64, seconds: UInt32,
        showsProgress: Bool
    ) {
        self.client = client
        self.call = call
        self.version = version
        self.showsProgress = showsProgress
        deadline = .now + .seconds(Int64(seconds))
    }

    /// Asks until the goal is reached and gives the status then; nil when the time is over, which is said.
    mutating func follow(until goal: Goal) async throws -> Kvnode_V1_ClusterStatus? {
        var last = "nothing was heard from the node"
        while ContinuousClock.now < deadline {
            do {
                let status = try await client.status(.init(), options: call)
                if isReached(goal, status) { return status }
                last = Self.progress(of: status)
                tell(last)
            } catch let error as RPCError where error.code == .unavailable || error.code == .deadlineExceeded
            {
                // The node may be restarted meanwhile.
                tell("the node can't be reached")
            }
            try await Task.sleep(for: Self.interval)
        }
        Output.standardError.write("kvnode: the change did not come to its end in time; \(last)\n")
        return nil
    }

    private func isReached(_ goal: Goal, _ status: Kvnode_V1_ClusterStatus) -> Bool {
        if status.layoutVersion < version {
            return goal == .open && status.hasChange && status.change.stage != .deciding
        }
        return goal == .open || !status.hasChange || status.change.version > version
    }

    static func progress(of status: Kvnode_V1_ClusterStatus) -> String {
        guard status.hasChange else { return "layout version \(status.layoutVersion)" }
        let copies =
            status.hasFilling ? "; \(status.node) copies: \(StatusReport.inWords(status.filling))" : ""
        return "version \(status.change.version) is \(status.change.stage.word), it waits for "
            + status.change.awaiting.joined(separator: ", ") + copies
    }

    private mutating func tell(_ text: String) {
        guard showsProgress, text != told else { return }
        told = text
        Output.standardError.write("kvnode: \(text)\n")
    }
}
