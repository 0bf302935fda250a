extension Versions {
    /// What a reader at `now` is given.
    ///
    /// Where there are no parts, that is every live sibling, sorted by dot. Of concurrent kinds only the latest is shown. Then
    /// a counter is one value, in decimal, with what was put latest in it; a set has one sibling for each member, and a map
    /// one for each field, sorted by member or name.
    ///
    /// - Parameter now: Milliseconds since 1970.
    public func reading(at now: UInt64) -> [Sibling] {
        let live = live(at: now)
        guard live.contains(where: \.content.isPart) else { return live }
        switch live.latest?.content.kind {
        case .string: return live.withCounter
        case .set: return live.latest(by: \.content.member)
        case .map: return live.fields
        case nil: return []
        }
    }
}

extension [Sibling] {
    /// The one that `lastWriteWins` prefers.
    var latest: Sibling? { self.max { $1.wins(over: $0) } }

    /// Of those that have a name, the latest of each, by name.
    fileprivate func latest(by name: (Sibling) -> [UInt8]?) -> [Sibling] {
        var found: [[UInt8]: Sibling] = [:]
        for sibling in self {
            guard let name = name(sibling) else { continue }
            if found[name].map(sibling.wins) ?? true { found[name] = sibling }
        }
        return found.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    /// The values, of which the latest has the amounts in it.
    fileprivate var withCounter: [Sibling] {
        var values = filter { $0.content.kind == .string && !$0.content.isPart }
        let amounts = filter { $0.content.amount != nil }
        let base = values.latest
        let counter = Counter(base: base?.content, amounts: amounts.compactMap(\.content.amount))
        guard !amounts.isEmpty, let counter else { return values }
        var sum = base ?? amounts.latest!
        sum.timestamp = [base?.timestamp, amounts.latest?.timestamp].compactMap(\.self).max()!
        sum.content = .value([UInt8](counter.total.text.utf8), contentType: base?.content.contentType ?? "")
        values.removeAll { $0.dot == sum.dot }
        values.insert(sum, at: values.firstIndex { $0.dot > sum.dot } ?? values.count)
        return values
    }

    fileprivate var fields: [Sibling] {
        var amounts: [[UInt8]: [Amount]] = [:]
        for sibling in self {
            guard case .part(.fieldAmount(let name, let amount)) = sibling.content else { continue }
            amounts[name, default: []].append(amount)
        }
        let latest = latest(by: \.content.fieldName)
        guard !amounts.isEmpty else { return latest }
        let values = filter { if case .part(.field) = $0.content { true } else { false } }
            .latest(by: \.content.fieldName)
        let bases = Dictionary(uniqueKeysWithValues: values.map { ($0.content.fieldName!, $0.content) })
        return latest.map { sibling in
            let name = sibling.content.fieldName!
            guard let amounts = amounts[name] else { return sibling }
            var field = sibling
            let counter = Counter(base: bases[name], amounts: amounts)
            field.content =
                counter.map { .part(.field(name, value: [UInt8]($0.total.text.utf8))) } ?? bases[name]!
            return field
        }
    }
}

/// A number that was put, and what was added to it.
struct Counter {
    let base: Amount
    /// Whether the number is written as a whole one.
    let hasIntegerBase: Bool
    private let amounts: [Amount]

    /// - Parameter base: The value, or the field, that was put; nil if none was.
    /// - Returns: Nil if that is no number.
    init?(base: Sibling.Content?, amounts: [Amount]) {
        self.amounts = amounts
        switch base {
        case .value(let text, _), .part(.field(_, let text)):
            guard let number = Amount(decimal: text) else { return nil }
            self.base = number
            hasIntegerBase = number.integer.map { [UInt8](String($0).utf8) == text } ?? false
        default:
            self.base = .zero
            hasIntegerBase = true
        }
    }

    /// The sum; what is out of range ends at the range's bounds.
    var total: Amount { amounts.reduce(base) { $0.addingSaturating($1) } }
}

extension Sibling.Content {
    fileprivate var contentType: String? { if case .value(_, let type) = self { type } else { nil } }
}
