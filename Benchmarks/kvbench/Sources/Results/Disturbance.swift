/// What clients noticed of something that took its time, by the seconds of the rounds.
public struct Disturbance: Equatable, Sendable {
    /// Some seconds of several rounds.
    public struct Stretch: Equatable, Sendable {
        /// Of the seconds, the median.
        public let operationsPerSecond: Double
        /// In microseconds: of the seconds' p99, the median and the greatest.
        public let p99: Double
        public let greatestP99: Double
        public let errors: Int

        /// Nil of no seconds.
        init?(_ seconds: [Second]) {
            guard let operations = Spread(seconds.map { Double($0.operations) }),
                let p99 = Spread(seconds.map(\.p99))
            else { return nil }
            operationsPerSecond = operations.median
            (self.p99, greatestP99) = (p99.median, p99.greatest)
            errors = seconds.map(\.errors).reduce(0, +)
        }
    }

    /// Of the event.
    public let name: String
    /// From the start, but for the first second, in which all connect.
    public let before: Stretch
    public let during: Stretch

    /// Of the first thing that took its time in each round; nil if there is none, or no whole second before it.
    public init?(of rounds: [Round]) {
        var (name, before, during) = ("", [Second](), [Second]())
        for round in rounds {
            guard let event = round.events.first(where: { $0.until != nil }), let until = event.until else {
                continue
            }
            name = event.name
            for (index, second) in round.timeline.enumerated() {
                let (start, end) = (Double(index), Double(index + 1))
                if end <= event.second, index > 0 { before.append(second) }
                if end > event.second, start < until { during.append(second) }
            }
        }
        guard let usual = Stretch(before), let disturbed = Stretch(during) else { return nil }
        (self.name, self.before, self.during) = (name, usual, disturbed)
    }
}
