/// A text in which metrics are told.
public enum ExpositionFormat: Sendable, CaseIterable {
    /// Prometheus's text format, version 0.0.4.
    case prometheus
    /// OpenMetrics, version 1.0: with units, and exemplars.
    case openMetrics

    public var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// What suits a client best (RFC 9110, 12.5.1). Whoever takes neither gets Prometheus's format, since a figure that is read by
    /// a person is better than an error.
    ///
    /// - Parameter accept: The request's `Accept`, its fields joined by commas; empty if there is none.
    public init(accept: String) {
        var best = (format: Self.prometheus, quality: 0.0)
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.trimmed.lowercased() }
            guard let type = parts.first, let format = Self.format(of: type, parts.dropFirst()) else {
                continue
            }
            let quality = Self.quality(parts.dropFirst())
            if quality > best.quality { best = (format, quality) }
        }
        self = best.format
    }

    /// The format that a media range stands for; nil if it is for another.
    private static func format(of type: String, _ parameters: ArraySlice<String>) -> Self? {
        let version = parameters.first { $0.hasPrefix("version=") }?.dropFirst("version=".count)
        switch type {
        case "application/openmetrics-text":
            // 0.0.1 is what became 1.0.0.
            return [nil, "1.0.0", "0.0.1"].contains(version) ? .openMetrics : nil
        case "text/plain": return [nil, "0.0.4"].contains(version) ? .prometheus : nil
        case "text/*", "*/*": return .prometheus
        default: return nil
        }
    }

    private static func quality(_ parameters: ArraySlice<String>) -> Double {
        guard let parameter = parameters.first(where: { $0.hasPrefix("q=") }) else { return 1 }
        return Double(parameter.dropFirst(2)) ?? 0
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
