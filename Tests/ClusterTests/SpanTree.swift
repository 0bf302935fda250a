import ClusterCore
import Testing
import Tracing

extension [SpanRecorder.Recorded] {
    /// What has no parent among them, with all below it: a line a span, like `store client n0`, indented below its parent; and
    /// what it failed by, if it did. Siblings are in the order of their lines, since they go on at the same time.
    var tree: String {
        let known = Set(map(\.context.spanID))
        return lines(of: filter { !known.contains($0.parent ?? 0) }, indent: "")
    }

    private func lines(of spans: [Element], indent: String) -> String {
        spans.map { span in
            let failure = span.attributes.get("error.type").map { "  ! \($0.text)" } ?? ""
            return "\(indent)\(span.name) \(span.kind) \(span.node)\(failure)\n"
                + lines(of: filter { $0.parent == span.context.spanID }, indent: indent + "  ")
        }.sorted().joined()
    }

    /// What has no parent among them first, and each before what is below it: nodes make their spans in no order.
    var fromTheTop: Self {
        let known = Set(map(\.context.spanID))
        var sorted = filter { !known.contains($0.parent ?? 0) }
        var index = 0
        while index < sorted.count {
            sorted += filter { $0.parent == sorted[index].context.spanID }
            index += 1
        }
        return sorted
    }

    /// Those of this trace, where there are several.
    func of(_ trace: TraceContext) -> Self { filter { $0.context.traceID == trace.traceID } }

    /// How far apart two nodes may tell one moment, in nanoseconds: each reads the wall clock and its loop's one after the other,
    /// and its thread may have to pause between the two.
    private static let slack: UInt64 = 60_000_000_000

    /// Checks what goes for every tree: one trace, no time that runs backwards, and nothing that begins before what has brought
    /// it about.
    func checkTimes() {
        #expect(Set(map(\.context.traceID)).count == 1)
        for span in self {
            guard let end = span.end else {
                Issue.record("\(span.name) has not ended")
                continue
            }
            #expect(span.start <= end, "\(span.name) ends before it begins")
            guard let parent = first(where: { $0.context.spanID == span.parent }) else { continue }
            let slack = parent.node == span.node ? 0 : Self.slack
            #expect(
                parent.start <= span.start + slack,
                "\(span.name) begins before \(parent.name)")
            // The request is answered by a quorum; what else there is of it ends when it does.
            guard parent.kind != .server || span.name.hasPrefix("engine"), let whole = parent.end else {
                continue
            }
            #expect(
                end <= whole + slack,
                "\(span.name) ends after \(parent.name)")
        }
    }

    func first(named name: String, _ kind: SpanKind? = nil) -> Element? {
        first { $0.name == name && (kind == nil || $0.kind == kind) }
    }
}

extension SpanAttribute {
    /// Texts as they are, numbers in digits.
    var text: String {
        switch self {
        case .string(let text): text
        case .int32(let number): "\(number)"
        case .int64(let number): "\(number)"
        case .bool(let value): "\(value)"
        default: "\(self)"
        }
    }
}

extension SpanRecorder.Recorded {
    /// All attributes as texts.
    var texts: [String: String] {
        var texts: [String: String] = [:]
        attributes.forEach { texts[$0] = $1.text }
        return texts
    }
}
