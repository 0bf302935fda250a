import Foundation

extension Figure {
    /// In the figure's unit, without naming it.
    public func format(_ value: Double) -> String { format(value, asFineAs: value) }

    /// `median (least–greatest)`, all as fine as the median is.
    public func format(_ spread: Spread) -> String {
        let measure = spread.median == 0 ? spread.greatest : spread.median
        let (median, least, greatest) = (
            format(spread.median, asFineAs: measure), format(spread.least, asFineAs: measure),
            format(spread.greatest, asFineAs: measure)
        )
        return "\(median) (\(least)–\(greatest))"
    }

    private func format(_ value: Double, asFineAs measure: Double) -> String {
        switch self {
        case .generatorShare: (value * 100).formatted(decimals: 0) + "%"
        // Whole but for the median of an even number of rounds.
        case .errors: value.formatted(decimals: value == value.rounded() ? 0 : 1)
        default: value.formatted(decimals: Self.decimals(of: measure))
        }
    }

    /// So many that about three digits say something.
    private static func decimals(of value: Double) -> Int {
        switch abs(value) {
        case 0: 0
        case ..<1: 3
        case ..<10: 2
        case ..<100: 1
        default: 0
        }
    }
}

extension Double {
    /// With commas between thousands, whatever the locale.
    package func formatted(decimals: Int) -> String {
        let text = String(format: "%.\(decimals)f", abs(self))
        let whole = text.prefix { $0 != "." }
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index).isMultiple(of: 3) { grouped.append(",") }
            grouped.append(digit)
        }
        grouped += text.dropFirst(whole.count)
        // What rounds to nothing has no sign.
        let isZero = !grouped.contains { ("1"..."9").contains($0) }
        return self < 0 && !isZero ? "−" + grouped : grouped
    }
}

extension Int {
    /// With commas between thousands.
    package var grouped: String { Double(self).formatted(decimals: 0) }
}

extension [String] {
    /// "a", "a and b", "a, b and c".
    package func joined(last word: String) -> String {
        count < 2 ? joined() : dropLast().joined(separator: ", ") + " \(word) " + self[count - 1]
    }
}
