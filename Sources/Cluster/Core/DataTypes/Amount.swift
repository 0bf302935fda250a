/// A decimal number with 17 digits behind the point: what is added to a counter, and what that comes to.
///
/// Sums must not depend on the order in which replicas meet, so they are exact: floating point is not associative. The 17
/// digits are those that Redis shows of the result of `INCRBYFLOAT`. A whole number takes few bytes where it is stored.
public struct Amount: Hashable, Sendable {
    /// In units of 10⁻¹⁷. Its range, ±1.7 · 10²¹, has that of `Int` in it.
    public let units: Int128

    static let digits = 17
    private static let unitsOfOne: Int128 = 100_000_000_000_000_000

    public static let zero = Amount(units: 0)

    public init(units: Int128) { self.units = units }

    public init(_ integer: Int) { units = Int128(integer) * Self.unitsOfOne }

    /// The number, if it is a whole one that `Int` has.
    public var integer: Int? {
        let (quotient, remainder) = units.quotientAndRemainder(dividingBy: Self.unitsOfOne)
        return remainder == 0 ? Int(exactly: quotient) : nil
    }

    /// The sum; nil if it is out of range.
    public func adding(_ other: Amount) -> Amount? {
        let (sum, isOutOfRange) = units.addingReportingOverflow(other.units)
        return isOutOfRange ? nil : Amount(units: sum)
    }

    /// The sum, or the end of the range that it exceeds.
    func addingSaturating(_ other: Amount) -> Amount {
        adding(other) ?? Amount(units: units < 0 ? .min : .max)
    }

    /// In decimal, without zeros at the end of the fraction and without an exponent.
    public var text: String {
        let (whole, rest) = units.magnitude.quotientAndRemainder(dividingBy: UInt128(Self.unitsOfOne))
        var text = (units < 0 ? "-" : "") + String(whole)
        guard rest != 0 else { return text }
        let fraction = String(rest)
        text += "." + String(repeating: "0", count: Self.digits - fraction.count) + fraction
        while text.last == "0" { text.removeLast() }
        return text
    }
}

// MARK: - Parsing

extension Amount {
    /// Digits that are looked at, from the first that is not 0; so many fit the range for certain.
    private static let maxDigits = 38

    /// The number that the text is: digits, perhaps with a sign, a point and an exponent. What it has behind the 17th digit
    /// after the point is rounded. Nil if it is none, or out of range.
    public init?(decimal text: some Sequence<UInt8>) {
        var rest = ArraySlice(text)
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        var mantissa = Mantissa()
        mantissa.take(&rest, isFraction: false)
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            mantissa.take(&rest, isFraction: true)
        }
        guard mantissa.hasDigits, let exponent = Self.exponent(rest) else { return nil }
        guard let units = mantissa.shifted(by: exponent + Self.digits) else { return nil }
        self.init(units: isNegative ? -units : units)
    }

    /// 0 if the text is empty, nil if it is anything but an exponent.
    private static func exponent(_ text: ArraySlice<UInt8>) -> Int? {
        guard let first = text.first else { return 0 }
        guard first | 0x20 == UInt8(ascii: "e") else { return nil }
        // More than any that matters, and few enough that sums don't overflow.
        guard let value = Int(String(decoding: text.dropFirst(), as: UTF8.self)) else { return nil }
        return max(-10_000, min(value, 10_000))
    }

    private struct Mantissa {
        var hasDigits = false
        private var value: Int128 = 0
        private var count = 0
        /// The power of ten by which `value` is to be multiplied.
        private var power = 0

        /// Takes the digits that the text begins with away from it.
        mutating func take(_ text: inout ArraySlice<UInt8>, isFraction: Bool) {
            while let digit = text.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
                text.removeFirst()
                hasDigits = true
                if isFraction { power -= 1 }
                if count == Amount.maxDigits {
                    power += 1
                } else {
                    value = value * 10 + Int128(digit - UInt8(ascii: "0"))
                    if value != 0 { count += 1 }
                }
            }
        }

        /// The number times this power of ten, rounded; nil if it is out of range.
        func shifted(by shift: Int) -> Int128? {
            var (value, left) = (value, power + shift)
            guard value != 0 else { return 0 }
            while left > 0 {
                let (product, isOutOfRange) = value.multipliedReportingOverflow(by: 10)
                guard !isOutOfRange else { return nil }
                (value, left) = (product, left - 1)
            }
            while left < -1, value != 0 { (value, left) = (value / 10, left + 1) }
            return left < 0 ? (value + 5) / 10 : value
        }
    }
}
