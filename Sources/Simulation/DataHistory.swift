import ClusterCore

/// What the clients asked of counters, sets and maps, and what must be true of them: no increment, addition or field that was
/// acknowledged is lost, nothing is counted twice, and what was removed stays away.
final class DataHistory {
    /// A time during which a request was served, and whether a quorum of reads met every acknowledged write all along.
    struct Span {
        var start: UInt64
        var end: UInt64
        var isExempt: Bool
    }

    private struct Counter {
        var acknowledged = 0
        var begun = 0
    }

    private struct Element {
        var acknowledgedAt: UInt64?
        var removalBegan: UInt64?
        /// When its remover was told that it had been there.
        var removedAt: UInt64?
    }

    /// A value that the one client who writes a field gave it; nil is a removal.
    private struct FieldWrite {
        var value: String?
        var acknowledged: Span?
    }

    private var counters: [String: Counter] = [:]
    private var elements: [Int: [String: Element]] = [:]
    private var fields: [String: [FieldWrite]] = [:]
    private(set) var acknowledged = 0
    private let report: (String) -> Void

    init(report: @escaping (String) -> Void) { self.report = report }

    // MARK: Counters, by name; they count upwards only

    /// - Returns: What was acknowledged by then.
    func beginAdding(_ amount: Int, to name: String) -> Int {
        counters[name, default: Counter()].begun += amount
        return counters[name]!.acknowledged
    }

    func added(_ amount: Int, to name: String, total: Int?, floor: Int, _ span: Span) {
        acknowledged += 1
        check(name, total, floor: floor + amount, span)
        counters[name]!.acknowledged += amount
    }

    func acknowledgedAmount(of name: String) -> Int { counters[name]?.acknowledged ?? 0 }

    /// - Parameters:
    ///   - total: What the client was told.
    ///   - floor: What had been acknowledged when it asked.
    func check(_ name: String, _ total: Int?, floor: Int, _ span: Span) {
        guard let total else { return report("\(name) is no whole number") }
        let most = counters[name]?.begun ?? 0
        if total > most { report("\(name) shows \(total), and only \(most) was ever added") }
        if total < floor, !span.isExempt {
            report("\(name) shows \(total) at \(span.start / 1_000_000) ms, after \(floor) was acknowledged")
        }
    }

    // MARK: Sets; no element is added twice

    func beginAdding(element: String, to key: Int) { elements[key, default: [:]][element] = Element() }

    func added(element: String, to key: Int, at time: UInt64) {
        acknowledged += 1
        elements[key]![element]!.acknowledgedAt = time
    }

    /// Elements that were acknowledged, and that nobody is removing.
    func removable(of key: Int) -> [String] {
        (elements[key] ?? [:]).filter { $0.value.acknowledgedAt != nil && $0.value.removalBegan == nil }
            .keys.sorted()
    }

    func beginRemoving(element: String, of key: Int, at time: UInt64) {
        elements[key]![element]!.removalBegan = time
    }

    /// - Parameter count: As the remover was told.
    func removed(element: String, of key: Int, count: Int, _ span: Span) {
        acknowledged += 1
        if count == 1 {
            elements[key]![element]!.removedAt = span.end
        } else if span.isExempt {
            elements[key]![element]!.removalBegan = nil
        } else {
            report("k\(key): a removal of \(element) did not find it, though it was acknowledged before")
        }
    }

    func checkRead(of key: Int, members: Set<String>, _ span: Span) {
        for (element, state) in (elements[key] ?? [:]).sorted(by: { $0.key < $1.key }) where !span.isExempt {
            if let time = state.acknowledgedAt, time < span.start, state.removalBegan == nil,
                !members.contains(element)
            {
                report("k\(key) doesn't show \(element), acknowledged before")
            }
            if let time = state.removedAt, time < span.start, members.contains(element) {
                report("k\(key) shows \(element), removed before")
            }
        }
        for member in members.sorted() where elements[key]?[member] == nil {
            report("k\(key) has the member \(member), which nobody added")
        }
    }

    // MARK: Maps; each field has one client that writes it, one value after the other

    /// - Returns: The write's number.
    func beginWriting(_ value: String?, to field: String) -> Int {
        fields[field, default: []].append(FieldWrite(value: value))
        return fields[field]!.count - 1
    }

    func wrote(_ number: Int, to field: String, _ span: Span) {
        acknowledged += 1
        fields[field]![number].acknowledged = span
    }

    /// A field may have any value whose write nobody can tell the end of, and none that an acknowledged write had seen.
    func checkRead(ofField field: String, value: String?, _ span: Span) {
        if span.isExempt { return }
        let writes = fields[field] ?? []
        let last = writes.lastIndex { write in
            write.acknowledged.map { $0.end < span.start && !$0.isExempt } ?? false
        }
        let allowed = writes.enumerated().filter { number, write in
            write.acknowledged == nil || number >= (last ?? 0)
        }
        if last == nil, value == nil || writes.contains(where: { $0.value == value }) { return }
        if !allowed.contains(where: { $0.element.value == value }) {
            report("\(field) shows \(value ?? "nothing"), which an acknowledged write replaced")
        }
    }
}
