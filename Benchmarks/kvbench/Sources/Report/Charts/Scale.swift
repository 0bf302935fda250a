import Foundation
import Results

/// Where values lie along an axis.
struct Scale {
    struct Tick {
        let value: Double
        let label: String
    }

    let domain: ClosedRange<Double>
    let ticks: [Tick]
    private let isLogarithmic: Bool
    /// Coordinates of the ends of the domain.
    private let (from, to): (Double, Double)

    /// From 0 to a round number that is not less than `greatest`.
    static func linear(upTo greatest: Double, from: Double, to: Double) -> Scale {
        let greatest = greatest > 0 ? greatest : 1
        let step = roundedUp(greatest / 5)
        let count = Int((greatest / step - 1e-9).rounded(.up))
        let decimals = max(0, Int((-log10(step)).rounded(.up)))
        let ticks = (0...count).map { index in
            let value = Double(index) * step
            return Tick(value: value, label: value.formatted(decimals: decimals))
        }
        return Scale(
            domain: 0...Double(count) * step, ticks: ticks, isLogarithmic: false, from: from, to: to)
    }

    /// Between round numbers around `values`, which are above 0. Labels become few when there are many decades.
    static func logarithmic(_ values: ClosedRange<Double>, from: Double, to: Double) -> Scale {
        let series = (-9...12).flatMap { exponent in [1.0, 2, 5].map { $0 * pow(10, Double(exponent)) } }
        // The series is computed: a bound that is equal but for rounding is the same.
        let low = series.last { $0 <= values.lowerBound * (1 + 1e-9) } ?? values.lowerBound
        let high = series.first { $0 >= values.upperBound * (1 - 1e-9) } ?? values.upperBound
        let inside = series.filter { ($0 >= low) && ($0 <= high) }
        let isLong = high / low > 1_000
        let ticks = inside.filter { !isLong || isPowerOfTen($0) }.map { value in
            Tick(
                value: value,
                label: value.formatted(decimals: max(0, Int((-log10(value) - 1e-9).rounded(.up)))))
        }
        // One number alone has no length.
        let domain = low < high ? low...high : low / 2...high * 2
        return Scale(domain: domain, ticks: ticks, isLogarithmic: true, from: from, to: to)
    }

    /// A value outside is drawn at the end.
    func position(_ value: Double) -> Double {
        let inside = min(max(value, domain.lowerBound), domain.upperBound)
        let (low, high) = (domain.lowerBound, domain.upperBound)
        let part = isLogarithmic ? log(inside / low) / log(high / low) : (inside - low) / (high - low)
        return from + part * (to - from)
    }

    /// To 1, 2 or 5 times a power of ten.
    private static func roundedUp(_ value: Double) -> Double {
        let power = pow(10, log10(value).rounded(.down))
        return [1, 2, 5, 10].first { $0 * power >= value * (1 - 1e-9) }.map { $0 * power } ?? value
    }

    private static func isPowerOfTen(_ value: Double) -> Bool {
        abs(log10(value) - log10(value).rounded()) < 1e-9
    }
}
