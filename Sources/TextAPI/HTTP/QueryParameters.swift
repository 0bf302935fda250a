import ClusterCore

/// The part of a request target after its `?`. Parameters that a request doesn't have are errors, as a
/// misspelt `w` would otherwise silently weaken a write.
struct QueryParameters {
    private var values: [String: [UInt8]] = [:]

    /// - Parameter allowed: The names that the request may have.
    init(_ query: ArraySlice<UInt8>, allowed: Set<String>) throws(Problem) {
        for part in query.split(separator: UInt8(ascii: "&")) {
            let sides = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decodeText(sides[0]),
                let value = PercentCoding.decode(sides.count > 1 ? sides[1] : [])
            else { throw .badRequest("the query isn't well percent-encoded") }
            guard allowed.contains(name) else {
                let known = allowed.sorted().joined(separator: ", ")
                throw .badRequest("unknown parameter \"\(name)\"; this request has \(known)")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw .badRequest("parameter \"\(name)\" comes twice")
            }
        }
    }

    func bytes(_ name: String) -> [UInt8]? { values[name] }

    func text(_ name: String) throws(Problem) -> String? {
        guard let bytes = values[name] else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .badRequest("parameter \"\(name)\" isn't UTF-8")
        }
        return text
    }

    /// A whole number from `lowest` up.
    func number(_ name: String, from lowest: Int) throws(Problem) -> Int? {
        guard let text = try text(name) else { return nil }
        guard let number = Int(text), number >= lowest, !text.hasPrefix("+") else {
            throw .badRequest("parameter \"\(name)\" must be a whole number from \(lowest), not \"\(text)\"")
        }
        return number
    }

    /// A time: a whole number with `ms`, `s`, `m`, `h` or `d`, or alone, which then counts `unitMillis` each.
    ///
    /// - Returns: Milliseconds.
    func milliseconds(_ name: String, unitMillis: Int) throws(Problem) -> Int? {
        guard let text = try text(name) else { return nil }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let unit = Self.unit(text.dropFirst(digits.count), unitMillis), let number = Int(digits) else {
            throw .badRequest("parameter \"\(name)\" must be a time like 500ms, 2s or 5m, not \"\(text)\"")
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow else { throw .badRequest("parameter \"\(name)\" is out of range") }
        return product
    }

    private static func unit(_ suffix: Substring, _ unitMillis: Int) -> Int? {
        switch suffix {
        case "": unitMillis
        case "ms": 1
        case "s": 1_000
        case "m": 60_000
        case "h": 3_600_000
        case "d": 86_400_000
        default: nil
        }
    }

    /// `n`, `r` and `w`.
    func quorum() throws(Problem) -> QuorumOverrides {
        let quorum = QuorumOverrides(
            n: try number("n", from: 1), r: try number("r", from: 1), w: try number("w", from: 1))
        if let n = quorum.n {
            for (name, value) in [("r", quorum.r), ("w", quorum.w)] {
                if let value, value > n { throw .badRequest("\(name)=\(value) is more than n=\(n)") }
            }
        }
        return quorum
    }

    /// `timeout`, in milliseconds; 0 if it's left out.
    func timeout() throws(Problem) -> Int {
        guard let timeout = try milliseconds("timeout", unitMillis: 1) else { return 0 }
        guard timeout > 0 else { throw .badRequest("a timeout has at least 1 millisecond") }
        return timeout
    }

    /// `ttl`, in seconds.
    func expiry() throws(Problem) -> Expiry {
        guard let milliseconds = try milliseconds("ttl", unitMillis: 1_000) else { return .byBucket }
        guard milliseconds % 1_000 == 0 else { throw .badRequest("a ttl has whole seconds") }
        return milliseconds == 0 ? .never : .after(milliseconds: milliseconds)
    }
}
