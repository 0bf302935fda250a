import ArgumentParser

/// A length of time as it is written on the command line: a number with `ms`, `s`, `m` or `h`.
struct TimeSpan: ExpressibleByArgument, Equatable {
    private static let units: [(suffix: String, milliseconds: UInt64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000),
    ]

    /// At least 1.
    let milliseconds: UInt64

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits), number > 0,
            let unit = Self.units.first(where: { $0.suffix == argument.dropFirst(digits.count) })
        else { return nil }
        let (product, overflows) = number.multipliedReportingOverflow(by: unit.milliseconds)
        if overflows { return nil }
        milliseconds = product
    }
}
