import Instruments

/// Writes metrics as text.
public struct Exposition {
    private let format: ExpositionFormat
    private var bytes: [UInt8] = []

    /// `reading` in `format`; metrics without a series are left out.
    public static func text(of reading: MetricReading, in format: ExpositionFormat) -> [UInt8] {
        var exposition = Exposition(format: format)
        // What some hundred series take, so that it seldom grows.
        exposition.bytes.reserveCapacity(64 << 10)
        for family in reading.families where !family.series.isEmpty { exposition.append(family) }
        if format == .openMetrics { exposition.append("# EOF\n") }
        return exposition.bytes
    }

    private init(format: ExpositionFormat) { self.format = format }

    private mutating func append(_ family: MetricReading.Family) {
        appendMetadata(of: family.definition)
        for series in family.series {
            switch series.value {
            case .number(let value): append(value, family.definition, series.labels)
            case .histogram(let value): append(value, family.definition, series.labels)
            }
        }
    }

    private mutating func appendMetadata(of metric: MetricDefinition) {
        // To OpenMetrics a counter's suffix belongs to its sample, to Prometheus's format it is part of the name.
        let name = format == .openMetrics ? metric.name : metric.exposedName
        append("# TYPE ", name, " ", metric.kind.name, "\n")
        if format == .openMetrics, let unit = metric.unit {
            append("# UNIT ", name, " ", unit.rawValue, "\n")
        }
        append("# HELP ", name, " ")
        appendEscaped(metric.help, quotes: format == .openMetrics)
        append("\n")
    }

    private mutating func append(_ value: Double, _ metric: MetricDefinition, _ labels: [String]) {
        append(metric.exposedName)
        appendLabels(metric.labels, labels)
        append(" ", Self.text(of: value), "\n")
    }

    private mutating func append(_ value: HistogramValue, _ metric: MetricDefinition, _ labels: [String]) {
        var count: UInt64 = 0
        let bounds = value.buckets.scaledBounds.map(\.description) + ["+Inf"]
        for (bucket, bound) in bounds.enumerated() {
            count += value.counts[bucket]
            append(metric.name, "_bucket")
            appendLabels(metric.labels + ["le"], labels + [bound])
            append(" ", String(count))
            if format == .openMetrics, bucket < value.exemplars.count,
                let exemplar = value.exemplars[bucket]
            {
                append(exemplar)
            }
            append("\n")
        }
        append(metric.name, "_sum")
        appendLabels(metric.labels, labels)
        append(" ", Self.text(of: value.scaledSum), "\n", metric.name, "_count")
        appendLabels(metric.labels, labels)
        append(" ", String(count), "\n")
    }

    private mutating func append(_ exemplar: Exemplar) {
        append(" # {trace_id=\"", exemplar.traceID.description, "\"} ", Self.text(of: exemplar.value))
        append(" ", (Double(exemplar.wallMillis) / 1_000).description)
    }

    private mutating func appendLabels(_ names: [String], _ values: [String]) {
        if names.isEmpty { return }
        append("{")
        for (index, name) in names.enumerated() {
            if index > 0 { append(",") }
            append(name, "=\"")
            appendEscaped(values[index], quotes: true)
            append("\"")
        }
        append("}")
    }

    /// - Parameter quotes: Whether they end the text, so that those within have to be told from it.
    private mutating func appendEscaped(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            default: bytes.append(byte)
            }
        }
    }

    private mutating func append(_ parts: String...) {
        for part in parts { bytes.append(contentsOf: part.utf8) }
    }

    /// Whole numbers without a fraction, as far as a `Double` tells them apart.
    static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value.rounded() == value, value.magnitude < 0x1p53 { return String(Int(value)) }
        return value.description
    }
}

extension MetricDefinition.Kind {
    /// As both formats have it.
    public var name: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}
