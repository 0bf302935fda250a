/// Whole numbers as the protocol and the commands write them.
enum RESPNumber {
    /// The number that the text is; nil unless it is written as `String(number)` would.
    static func parse(_ text: some BidirectionalCollection<UInt8>) -> Int? {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = isNegative ? text.dropFirst() : text[...]
        guard let first = digits.first else { return nil }
        // "-0" and "01" are none.
        if first == UInt8(ascii: "0") { return digits.count == 1 && !isNegative ? 0 : nil }
        // Negative all along, since the least number has no positive counterpart.
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (shifted, isTooLong) = value.multipliedReportingOverflow(by: 10)
            let (next, isTooSmall) = shifted.subtractingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            if isTooLong || isTooSmall { return nil }
            value = next
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }
}
