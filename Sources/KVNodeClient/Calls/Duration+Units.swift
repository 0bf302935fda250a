extension Duration {
    /// Rounded up, so that a wait is never shorter than asked for; 0 if negative, and the most there is if it is longer.
    var wholeMilliseconds: UInt64 { wholeUnits(perSecond: 1_000) }

    /// As `wholeMilliseconds`: a short time is not taken for none.
    var wholeSeconds: UInt64 { wholeUnits(perSecond: 1) }

    private func wholeUnits(perSecond count: UInt64) -> UInt64 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        let attosecondsPerUnit = 1_000_000_000_000_000_000 / Int64(count)
        let units = UInt64(attoseconds / attosecondsPerUnit) + (attoseconds % attosecondsPerUnit > 0 ? 1 : 0)
        let (whole, overflows) = UInt64(seconds).multipliedReportingOverflow(by: count)
        let (sum, isOver) = whole.addingReportingOverflow(units)
        return overflows || isOver ? .max : sum
    }
}
