import Results

/// What is done to a cluster in one round, and when. Times are seconds since the round's start.
struct Course<Cluster> {
    struct Step {
        /// Part of the round's time after which it happens.
        var share: Double
        var name: String
        /// Gives what tells whether it is complete, if it takes its time.
        var action: (Cluster) throws -> (() throws -> Bool)?
    }

    private(set) var events: [Event] = []
    private var steps: ArraySlice<Step>
    private let seconds: Double
    /// What isn't complete yet, by the index of its event.
    private var isComplete: [Int: () throws -> Bool] = [:]

    init(steps: [Step], seconds: Double) {
        self.steps = steps[...]
        self.seconds = seconds
    }

    /// When the next step is to be done; nil if none is left.
    var next: Double? { steps.first.map { $0.share * seconds } }

    /// Whether something takes its time still.
    var isUnderWay: Bool { !isComplete.isEmpty }

    /// Does what is due, and notes what is complete.
    mutating func perform(at now: Double, on cluster: Cluster) throws {
        try notice(at: now)
        while let step = steps.first, let due = next, due <= now {
            steps.removeFirst()
            events.append(Event(second: now, name: step.name))
            isComplete[events.count - 1] = try step.action(cluster)
        }
    }

    /// Notes what is complete.
    mutating func notice(at now: Double) throws {
        for (index, isDone) in isComplete where try isDone() {
            events[index].until = now
            isComplete[index] = nil
        }
    }
}
