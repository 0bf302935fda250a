/// What one metric is: all that whoever reads it is told besides its figures.
public struct MetricDefinition: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// Only grows, from 0 at the start of the process.
        case counter
        case gauge
        /// How many recorded values lie below each of some bounds.
        case histogram(Buckets)
    }

    /// What one of a metric's figures counts; the name ends with it.
    public enum Unit: String, Sendable {
        case seconds, bytes, ratio
    }

    /// By the conventions of Prometheus: `kvnode_`, what is measured, the unit. A counter is exposed with `_total` behind it.
    public let name: String
    public let kind: Kind
    public let unit: Unit?
    /// The names of the labels, in the order in which handles are given their values.
    public let labels: [String]
    /// One sentence or two for people.
    public let help: String

    public init(
        _ name: String, _ kind: Kind, unit: Unit? = nil, labels: [String] = [], _ help: String
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = labels
        self.help = help
    }

    /// As a reader sees it: a counter's ends in `_total`.
    public var exposedName: String { kind == .counter ? name + "_total" : name }

    /// What is wrong with it by the conventions; nil if nothing is.
    public var problem: String? {
        if !Self.isName(name) { return "\(name) is no name of a metric" }
        if let unit, !name.hasSuffix("_" + unit.rawValue) { return "\(name) does not end with its unit" }
        if ["_total", "_count", "_sum", "_bucket", "_created"].contains(where: name.hasSuffix) {
            return "\(name) ends with what the formats append"
        }
        for label in labels where !Self.isName(label) || label.hasPrefix("__") || label == "le" {
            return "\(label) is no name of a label of \(name)"
        }
        if Set(labels).count < labels.count { return "\(name) has a label twice" }
        return help.isEmpty ? "\(name) has no help" : nil
    }

    /// Colons, which the formats allow, are for recording rules.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
