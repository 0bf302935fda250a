import Foundation

/// Numbers with their units, for people.
enum Quantity {
    /// `512 B`, `1.5 MiB`.
    static func bytes(_ count: Double) -> String {
        var (value, units) = (count, ["KiB", "MiB", "GiB", "TiB"])
        guard value >= 1024 else { return "\(Int(value)) B" }
        value /= 1024
        while value >= 1024, units.count > 1 {
            value /= 1024
            units.removeFirst()
        }
        return String(format: "%.1f ", value) + units[0]
    }

    static func bytes(_ count: UInt64) -> String { bytes(Double(count)) }

    /// `0.4 s`, `35 s`, `2 min 5 s`, `3 h 20 min`.
    static func duration(seconds: Double) -> String {
        let whole = Int(min(max(0, seconds.rounded()), 1e9))
        if seconds < 10 { return String(format: "%.1f s", max(0, seconds)) }
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    static func duration(millis: UInt64) -> String { duration(seconds: Double(millis) / 1000) }

    /// `0.35 ms`, `12 ms`, `1.2 s`: of a request.
    static func latency(seconds: Double) -> String {
        let millis = seconds * 1000
        if millis < 1 { return String(format: "%.2f ms", millis) }
        if millis < 10 { return String(format: "%.1f ms", millis) }
        if millis < 1000 { return String(format: "%.0f ms", millis) }
        return String(format: "%.1f s", seconds)
    }

    /// `0`, `0.5`, `1234`: of something a second.
    static func rate(_ perSecond: Double) -> String {
        perSecond == 0 || perSecond >= 10
            ? String(format: "%.0f", perSecond) : String(format: "%.1f", perSecond)
    }

    /// `1 hint`, `2 hints`.
    static func count(_ number: some BinaryInteger, _ noun: String, plural: String? = nil) -> String {
        "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    /// Without decimals that say nothing.
    static func weight(_ weight: Double) -> String { String(format: "%g", weight) }
}
