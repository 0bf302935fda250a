/// A time of the day, UTC.
struct DailyTime: Equatable, Sendable {
    private static let dayMillis: UInt64 = 86_400_000

    /// Since midnight.
    let minutes: Int

    /// - Parameter text: `HH:MM`; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy(Self.isDigit) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        minutes = hour * 60 + minute
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The next time after `millis` at which it is this time; both in milliseconds since 1970.
    func next(after millis: UInt64) -> UInt64 {
        let due = millis - millis % Self.dayMillis + UInt64(minutes) * 60_000
        return due > millis ? due : due + Self.dayMillis
    }

    /// What the backup of this time is called, the same on all nodes: `2026-11-28-0300`.
    func name(of millis: UInt64) -> String {
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let (year, month, day) = Self.date(ofDay: Int(millis / Self.dayMillis))
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))-"
            + digits(minutes / 60, 2) + digits(minutes % 60, 2)
    }

    /// The date of a day since 1970-01-01 (Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
    private static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        )
    }
}
