import Testing

@testable import ClusterCore

/// Counters, sets and maps on replicas that meet in any order, beside a model of each: the set of what was done, as far as a
/// place has heard of it.
@Suite struct DataModelTests {
    private struct Model: Equatable {
        /// Every increment, by a number of its own.
        var amounts: [Int: Int] = [:]
        /// Every addition, of a member or a field, and those that were removed or replaced.
        var additions: [Int: (name: String, value: String)] = [:]
        var removed: Set<Int> = []

        mutating func merge(_ other: Model) {
            amounts.merge(other.amounts) { first, _ in first }
            additions.merge(other.additions) { first, _ in first }
            removed.formUnion(other.removed)
        }

        func live(_ name: String) -> [Int] {
            additions.filter { $0.value.name == name && !removed.contains($0.key) }.map(\.key)
        }

        var names: Set<String> {
            Set(additions.filter { !removed.contains($0.key) }.map(\.value.name))
        }

        static func == (a: Model, b: Model) -> Bool {
            a.amounts == b.amounts && a.removed == b.removed
                && a.additions.mapValues(\.value) == b.additions.mapValues(\.value)
        }
    }

    private struct Place {
        var replica: DataReplica
        var model = Model()
    }

    private static let names = ["a", "b", "c", "d"]

    private enum Kind: CaseIterable { case counter, set, map }

    @Test(arguments: 0..<300) func nothingIsLostAndNothingComesBack(seed: UInt64) {
        var random = VersionRandom(seed: seed)
        let policy = Versions.Policy.allCases.randomElement(using: &random)!
        let kind = Kind.allCases.randomElement(using: &random)!
        var places = (1...3).map { Place(replica: DataReplica($0, policy: policy)) }
        var late: [Place] = []
        for number in 0..<60 {
            let index = random.below(places.count)
            switch random.below(10) {
            case 0..<5:
                places[index].replica.now += UInt64(random.below(3))
                Self.change(&places[index], kind, number, &random)
            case 5..<8: Self.merge(places[random.below(places.count)], into: &places[index])
            case 8: late.append(places[index])
            default: if let old = late.randomElement(using: &random) { Self.merge(old, into: &places[index]) }
            }
            check(places[index], kind, "seed \(seed), step \(number)")
        }
        for place in places { Self.merge(place, into: &places[0]) }
        for index in places.indices { Self.merge(places[0], into: &places[index]) }
        for place in places {
            check(place, kind, "seed \(seed), the end")
            #expect(place.replica.versions == places[0].replica.versions, "seed \(seed)")
            let bytes = VersionsCodec.encode(place.replica.versions)
            #expect((try? VersionsCodec.decode(bytes)) == place.replica.versions)
        }
    }

    private static func merge(_ other: Place, into place: inout Place) {
        place.replica.merge(other.replica)
        place.model.merge(other.model)
    }

    private static func change(
        _ place: inout Place, _ kind: Kind, _ number: Int, _ random: inout VersionRandom
    ) {
        let name = names.randomElement(using: &random)!
        let known = place.model.live(name)
        switch kind {
        case .counter:
            let amount = random.below(21) - 10
            place.model.amounts[number] = amount
            let total = place.model.amounts.values.reduce(0, +)
            #expect(place.replica.change(.add(amount)) == .number("\(total)"))
        case .set, .map:
            let isRemoval = random.chance(40)
            place.model.removed.formUnion(known)
            if !isRemoval { place.model.additions[number] = (name, "\(number)") }
            let change: DataChange =
                switch (kind, isRemoval) {
                case (.set, true): .removeMembers(name)
                case (.set, false): .addMembers(name)
                case (_, true): .removeFields(name)
                case (_, false): .setFields([name: "\(number)"])
                }
            let expected = isRemoval ? (known.isEmpty ? 0 : 1) : (known.isEmpty ? 1 : 0)
            #expect(place.replica.change(change) == .count(expected))
        }
    }

    private func check(_ place: Place, _ kind: Kind, _ note: String) {
        switch kind {
        case .counter:
            let isThere = !place.model.amounts.isEmpty
            let total = place.model.amounts.values.reduce(0, +)
            #expect(place.replica.values == (isThere ? ["\(total)"] : []), "\(note)")
        case .set: #expect(Set(place.replica.members) == place.model.names, "\(note)")
        case .map:
            let fields = place.replica.fields
            #expect(Set(fields.keys) == place.model.names, "\(note)")
            for (name, value) in fields {
                let values = place.model.live(name).map { place.model.additions[$0]!.value }
                #expect(values.contains(value), "\(note)")
            }
        }
    }
}
