/// A moment in the forms that AWS writes it in.
struct UTCTime: Equatable {
    /// Since 1970.
    var seconds: Int64

    init(seconds: Int64) { self.seconds = seconds }

    /// Reads `2013-05-24T00:00:00Z`; the fraction of a second that may stand before the `Z` is dropped.
    ///
    /// - Returns: nil for anything else.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        let form = Array("0000-00-00T00:00:00".utf8)
        guard bytes.count > form.count, bytes.last == UInt8(ascii: "Z") else { return nil }
        for (byte, expected) in zip(bytes, form) {
            guard expected == UInt8(ascii: "0") ? Self.isDigit(byte) : byte == expected else { return nil }
        }
        let fraction = bytes[form.count..<(bytes.count - 1)]
        guard
            fraction.isEmpty
                || (fraction.first == UInt8(ascii: ".") && fraction.dropFirst().allSatisfy(Self.isDigit))
        else { return nil }
        func number(_ range: Range<Int>) -> Int64 {
            bytes[range].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }
        let (month, day) = (number(5..<7), number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60 else {
            return nil
        }
        seconds = Self.days(number(0..<4), month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    /// `20130524T000000Z`, as requests are dated.
    var basic: String {
        let (year, month, day) = Self.date(seconds.flooredQuotient(86_400))
        let second = seconds - seconds.flooredQuotient(86_400) * 86_400
        return Self.padded(year, 4) + Self.padded(month, 2) + Self.padded(day, 2) + "T"
            + Self.padded(second / 3_600, 2) + Self.padded(second / 60 % 60, 2) + Self.padded(second % 60, 2)
            + "Z"
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func padded(_ number: Int64, _ count: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }

    /// Days from 1970 to a date of the Gregorian calendar. Years begin in March here, so that the day a leap year adds is the last
    /// (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year.flooredQuotient(400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The inverse of `days`.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = days + 719_468
        let era = days.flooredQuotient(146_097)
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

extension Int64 {
    /// Rounded down, below zero too.
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
