/// What a change makes of a key's siblings, before its new ones have dots.
///
/// It sees all that its coordinator has found, and replaces what it has seen of what it changes. What no reader finds any
/// more goes with it.
struct DataUpdate {
    /// Of a new sibling.
    struct Addition: Equatable {
        var content: Sibling.Content
        /// Nil takes the bucket's time to live.
        var expiresAt: UInt64?

        init(_ part: DataPart, expiresAt: UInt64? = nil) {
            content = .part(part)
            self.expiresAt = expiresAt
        }

        /// What ends the key.
        static let tombstone: Addition = {
            var addition = Addition(.removal, expiresAt: 0)
            addition.content = .tombstone
            return addition
        }()
    }

    /// The live siblings of the change's kind.
    private let live: [Sibling]
    private let lifetimes: Lifetimes
    private let actor: UInt64
    /// Milliseconds since 1970.
    private let now: UInt64

    /// Of `live`: what the change replaces or removes, and the rest.
    private var replaced: Set<Dot> = []
    private var kept: Set<Dot> = []
    private(set) var additions: [Addition] = []
    /// Whether what is said of the key's end stays.
    private var keepsDeadline = true
    private(set) var outcome = DataOutcome.count(0)

    /// - Parameters:
    ///   - versions: All that is known of the key.
    ///   - actor: Who makes the change.
    ///   - now: When, in milliseconds since 1970.
    ///   - properties: Of the bucket.
    init(
        _ change: DataChange, of versions: Versions, by actor: UInt64, at now: UInt64,
        _ properties: BucketProperties
    ) throws(DataError) {
        let found = versions.live(at: now)
        let kind = found.latest?.content.kind
        if let kind, let needed = change.kind, kind != needed { throw .wrongType }
        live = found.filter { $0.content.kind == kind }
        lifetimes = Lifetimes(of: versions.siblings)
        self.actor = actor
        self.now = now
        switch change {
        case .add(let number, let amount): try add(amount, number)
        case .addMembers(let members): addMembers(members)
        case .removeMembers(let members): remove(Set(members), by: \.content.member)
        case .setFields(let fields): setFields(fields)
        case .setFieldIfAbsent(let field):
            if !live.contains(where: { $0.content.fieldName == field.name }) { setFields([field]) }
        case .removeFields(let names): remove(Set(names), by: \.content.fieldName)
        case .addToField(let name, let number, let amount): try add(amount, number, toField: name)
        case .expire(let expiry, let condition): expire(expiry, condition, properties)
        }
        kept = Set(live.map(\.dot)).subtracting(replaced)
        // An end that is ahead is that of a key which is there, before and after.
        let isLeft = !kept.isEmpty || additions.contains { $0.content.kind != nil }
        if live.isEmpty || !isLeft { keepsDeadline = false }
        // One that has come stays: it holds for what others have written before it, and is still to be heard of.
        if case .expire = change { return }
        if let past = lifetimes.pastEnd(at: now) { kept.insert(past.dot) }
    }

    /// Whether there is nothing to do.
    var isEmpty: Bool { additions.isEmpty }

    /// Whether a sibling is there after the change as it was before.
    func keeps(_ sibling: Sibling) -> Bool {
        // A deadline without an end matters as well: it is later than the end of a value.
        kept.contains(sibling.dot) || keepsDeadline && sibling.dot == lifetimes.deadline?.dot
    }

    // MARK: Counters

    private mutating func add(_ amount: Amount, _ number: DataChange.NumberKind) throws(DataError) {
        let values = live.filter { !$0.content.isPart }
        let base = values.latest
        // Who counts on has chosen the value that is counted from.
        replaced.formUnion(values.map(\.dot))
        if let base { replaced.remove(base.dot) }
        let (own, total) = try Self.sum(
            base?.content, of: live.compactMap { sibling in sibling.content.amount.map { (sibling, $0) } },
            adding: amount, number, by: actor, replacing: &replaced)
        additions = [Addition(.amount(own))]
        outcome = .number(total)
    }

    private mutating func add(
        _ amount: Amount, _ number: DataChange.NumberKind, toField name: [UInt8]
    ) throws(DataError) {
        let field = live.filter { $0.content.fieldName == name }
        let values = field.filter { if case .part(.field) = $0.content { true } else { false } }
        let base = values.latest
        replaced.formUnion(values.map(\.dot))
        if let base { replaced.remove(base.dot) }
        let amounts = field.compactMap { sibling -> (Sibling, Amount)? in
            if case .part(.fieldAmount(_, let amount)) = sibling.content { (sibling, amount) } else { nil }
        }
        let (own, total) = try Self.sum(
            base?.content, of: amounts, adding: amount, number, by: actor, replacing: &replaced)
        additions = [Addition(.fieldAmount(name, own))]
        outcome = .number(total)
    }

    /// The actor's new amount, which replaces those before it, and the number as it is then.
    private static func sum(
        _ base: Sibling.Content?, of amounts: [(sibling: Sibling, amount: Amount)], adding more: Amount,
        _ number: DataChange.NumberKind, by actor: UInt64, replacing replaced: inout Set<Dot>
    ) throws(DataError) -> (own: Amount, total: Amount) {
        guard let counter = Counter(base: base, amounts: amounts.map(\.amount)) else { throw .notANumber }
        // What was added to is shown as a sum, however its base is written.
        let isInteger = counter.total.integer != nil && (counter.hasIntegerBase || !amounts.isEmpty)
        if number == .integer, !isInteger { throw .notANumber }
        guard let total = counter.total.adding(more) else { throw .outOfRange }
        if number == .integer, total.integer == nil { throw .outOfRange }
        var own = more
        for (sibling, amount) in amounts where sibling.dot.actor == actor {
            guard let sum = own.adding(amount) else { throw .outOfRange }
            own = sum
            replaced.insert(sibling.dot)
        }
        return (own, total)
    }

    // MARK: Sets and maps

    /// What is there is added once more, since another may be removing it.
    private mutating func addMembers(_ members: [[UInt8]]) {
        var seen = Set<[UInt8]>()
        let new = members.filter { seen.insert($0).inserted }
        let before = replace(seen, by: \.content.member)
        additions = new.map { Addition(.member($0)) }
        outcome = .count(new.count - before)
    }

    /// Of a field that is named twice, the last value counts.
    private mutating func setFields(_ fields: [DataField]) {
        let last = Dictionary(fields.map { ($0.name, $0.value) }) { $1 }
        var seen = Set<[UInt8]>()
        let names = fields.map(\.name).filter { seen.insert($0).inserted }
        let before = replace(seen, by: \.content.fieldName)
        additions = names.map { Addition(.field($0, value: last[$0]!)) }
        outcome = .count(names.count - before)
    }

    private mutating func remove(_ names: Set<[UInt8]>, by name: (Sibling) -> [UInt8]?) {
        let count = replace(names, by: name)
        if count > 0 { additions = [Addition(.removal, expiresAt: 0)] }
        outcome = .count(count)
    }

    /// - Returns: How many of the names there are.
    private mutating func replace(_ names: Set<[UInt8]>, by name: (Sibling) -> [UInt8]?) -> Int {
        var found = Set<[UInt8]>()
        for sibling in live {
            guard let name = name(sibling), names.contains(name) else { continue }
            found.insert(name)
            replaced.insert(sibling.dot)
        }
        return found.count
    }

    // MARK: The key's end

    private mutating func expire(
        _ expiry: Expiry, _ condition: ExpiryCondition, _ properties: BucketProperties
    ) {
        guard let end = live.latest?.expiresAt, condition.holds(forEnd: end) else { return }
        outcome = .count(1)
        let time = expiry.time(from: now, properties)
        keepsDeadline = false
        if time != 0, time <= now {
            replaced = Set(live.map(\.dot))
            additions = [.tombstone]
        } else {
            additions = [Addition(.deadline, expiresAt: time)]
        }
    }
}

extension Versions {
    /// Makes a change, coordinated here. Without anything to change it does nothing, which is an outcome as well.
    ///
    /// - Parameters:
    ///   - actor: Whose dots `nextDot` gives.
    ///   - timestamp: From the coordinator's hybrid clock. The change counts as made then, or after all that is there.
    ///   - now: By the coordinator's clock, in milliseconds since 1970: what a time to live begins with.
    ///   - properties: Of the bucket.
    ///   - nextDot: Gives one dot after the other that was never issued, each with a greater counter than `self.context` has
    ///     for the actor.
    /// - Returns: Why it cannot be made; nothing has changed then.
    public mutating func update<Failure: Error>(
        _ change: DataChange, by actor: UInt64, timestamp: Timestamp, now: UInt64,
        _ properties: BucketProperties, nextDot: () throws(Failure) -> Dot
    ) throws(Failure) -> Result<DataOutcome, DataError> {
        let stamp = siblings.reduce(timestamp) { max($0, $1.timestamp.successor) }
        let update: DataUpdate
        do throws(DataError) {
            update = try DataUpdate(
                change, of: self, by: actor, at: max(now, stamp.milliseconds), properties)
        } catch {
            return .failure(error)
        }
        if update.isEmpty { return .success(update.outcome) }
        var kept = siblings.filter(update.keeps)
        // A tombstone is later than all, so that none is needed in place of a value.
        let needsFloor = properties.policy == .lastWriteWins && !update.additions.contains(.tombstone)
        if needsFloor, let floor = try floor(under: kept, nextDot) { kept.append(floor) }
        for addition in update.additions {
            kept.append(
                Sibling(
                    dot: try nextDot(), timestamp: stamp,
                    expiresAt: addition.expiresAt ?? Expiry.byBucket.time(from: now, properties),
                    content: addition.content))
        }
        for sibling in kept { context.insert(sibling.dot) }
        siblings = kept.sorted { $0.dot < $1.dot }
        return .success(update.outcome)
    }

    /// Under `lastWriteWins` the latest value or tombstone must not go, even when nobody finds it: an earlier one that comes
    /// late would take its place. A tombstone as early takes that of a value.
    private func floor<Failure: Error>(
        under kept: [Sibling], _ nextDot: () throws(Failure) -> Dot
    ) throws(Failure) -> Sibling? {
        guard let latest = siblings.filter({ !$0.content.isPart }).latest,
            !kept.contains(where: { $0.dot == latest.dot })
        else { return nil }
        if latest.content == .tombstone { return latest }
        return Sibling(dot: try nextDot(), timestamp: latest.timestamp, content: .tombstone)
    }
}
