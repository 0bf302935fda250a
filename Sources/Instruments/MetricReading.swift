/// All metrics at one moment.
public struct MetricReading: Sendable {
    /// One metric with all its series.
    public struct Family: Sendable {
        public var definition: MetricDefinition
        public fileprivate(set) var series: [Series]
        /// Where in `series` the one with these labels is.
        fileprivate var places: [[String]: Int] = [:]
    }

    public struct Series: Sendable {
        /// As many as the definition has names.
        public var labels: [String]
        public var value: Value
    }

    public enum Value: Sendable, Equatable {
        case number(Double)
        case histogram(HistogramValue)
    }

    /// In the order in which the registry came to know them, those without a series included.
    public private(set) var families: [Family]
    private var places: [String: Int] = [:]

    init(_ definitions: [MetricDefinition]) {
        families = definitions.map { Family(definition: $0, series: []) }
        for (place, definition) in definitions.enumerated() { places[definition.name] = place }
    }

    /// Adds a figure to a metric that the registry knows.
    ///
    /// - Parameter labels: As many as the metric has names of labels.
    public mutating func add(_ metric: MetricDefinition, _ labels: [String], _ value: Double) {
        add(metric, labels, .number(value))
    }

    public mutating func add(_ metric: MetricDefinition, _ labels: [String], _ value: Int) {
        add(metric, labels, .number(Double(value)))
    }

    public mutating func add(_ metric: MetricDefinition, _ labels: [String], _ value: HistogramValue) {
        add(metric, labels, .histogram(value))
    }

    /// Of a metric without labels; so are the next two.
    public mutating func add(_ metric: MetricDefinition, _ value: Double) {
        add(metric, [], .number(value))
    }

    public mutating func add(_ metric: MetricDefinition, _ value: Int) {
        add(metric, [], .number(Double(value)))
    }

    public mutating func add(_ metric: MetricDefinition, _ value: HistogramValue) {
        add(metric, [], .histogram(value))
    }

    mutating func add(_ metric: MetricDefinition, _ labels: [String], _ value: Value) {
        guard let place = places[metric.name] else {
            preconditionFailure("\(metric.name) is not declared to the registry")
        }
        families[place].add(labels, value)
    }

    /// The figure of a series, for tests and the like; nil if there is none.
    public func value(of name: String, _ labels: [String] = []) -> Value? {
        guard let place = places[name], let index = families[place].places[labels] else { return nil }
        return families[place].series[index].value
    }

    /// As a reader counts them: a histogram has one for each bucket, and two more.
    public var seriesCount: Int {
        families.reduce(0) { count, family in
            count
                + family.series.reduce(0) { sum, series in
                    switch series.value {
                    case .number: sum + 1
                    case .histogram(let value): sum + value.counts.count + 2
                    }
                }
        }
    }
}

extension MetricReading.Family {
    fileprivate mutating func add(_ labels: [String], _ value: MetricReading.Value) {
        precondition(labels.count == definition.labels.count, "\(definition.name) has other labels")
        guard let place = places[labels] else {
            places[labels] = series.count
            series.append(MetricReading.Series(labels: labels, value: value))
            return
        }
        switch (series[place].value, value) {
        case (.number(let sum), .number(let more)): series[place].value = .number(sum + more)
        case (.histogram(var sum), .histogram(let more)):
            sum.add(more)
            series[place].value = .histogram(sum)
        default: preconditionFailure("\(definition.name) is a histogram and is none")
        }
    }
}
