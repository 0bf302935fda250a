/// Version 1: `u8` version · current (layout) · previous, next (optional layout each) · election · progress (list of
/// node, version, step) · absences (list of node, version, length) · staging (list of node, counter, author, role).
///
/// Lists ascend by their first field, a node (`u64`), except the election's proposals, which ascend by ballot. Versions,
/// lengths and counters are varints.
extension LayoutHistory {
    private static let formatVersion: UInt8 = 1

    /// The history in the form in which it is stored and sent. Equal histories give equal bytes.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(Self.formatVersion)
        writer.layout(current)
        for layout in [previous, next] {
            writer.bool(layout != nil)
            if let layout { writer.layout(layout) }
        }
        writer.election(election)
        writer.list(progress) { writer, confirmed in
            writer.varint(confirmed.version)
            writer.u8(confirmed.step.rawValue)
        }
        writer.list(absences) { writer, absence in
            writer.varint(absence.version)
            writer.varint(absence.length)
        }
        writer.list(staging.entries) { writer, entry in
            writer.stamp(entry.stamp)
            writer.bool(entry.role != nil)
            if let role = entry.role { writer.role(role) }
        }
        return writer.bytes
    }

    /// - Throws: `CodecError` unless it is one encoding, whole, of a history that a node can have.
    public static func decode(_ bytes: [UInt8]) throws(CodecError) -> LayoutHistory {
        var reader = ByteReader(bytes)
        let version = try reader.u8()
        guard version == formatVersion else { throw CodecError(.unknownVersion(version), "layout history") }
        var history = LayoutHistory(try reader.layout())
        history.previous = try reader.bool() ? reader.layout() : nil
        history.next = try reader.bool() ? reader.layout() : nil
        history.election = try reader.election()
        history.progress = try reader.list(entrySize: 10) { reader throws(CodecError) in
            let version = try reader.counter()
            guard let step = Step(rawValue: try reader.u8()) else {
                throw CodecError(.malformed, "an unknown step of a change of layout")
            }
            return LayoutProgress(version: version, step: step)
        }
        history.absences = try reader.list(entrySize: 10) { reader throws(CodecError) in
            LayoutAbsence(version: try reader.counter(), length: try reader.counter())
        }
        history.staging.entries = try reader.list(entrySize: 18) { reader throws(CodecError) in
            LayoutStaging.Entry(
                stamp: try reader.stamp(), role: try reader.bool() ? reader.role() : nil)
        }
        try reader.expectEnd()
        guard history.isConsistent else { throw CodecError(.malformed, "a layout history that cannot be") }
        return history
    }

    /// Whether the parts fit each other, so that no code that goes by them meets what it does not expect.
    private var isConsistent: Bool {
        if let previous, !current.follows(previous) { return false }
        if let next, !next.follows(current) || previous != nil { return false }
        guard election.candidates.allSatisfy({ $0.layout.follows(current) }),
            staging.entries.allSatisfy({ node, entry in entry.role?.isRole(of: node) ?? true })
        else { return false }
        var concluded = self
        concluded.conclude()
        return concluded == self
    }
}
