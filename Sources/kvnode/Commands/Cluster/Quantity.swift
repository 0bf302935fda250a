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

    /// `1 hint`, `2 hints`.
    static func count(_ number: some BinaryInteger, _ noun: String, plural: String? = nil) -> String {
        "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    /// Without decimals that say nothing.
    static func weight(_ weight: Double) -> String { String(format: "%g", weight) }
}
