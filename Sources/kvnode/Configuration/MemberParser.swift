import ClusterCore

/// Reads the entries of `cluster.members`: `name@host:port`, then `;zone=a` and `;weight=2` if wanted.
enum MemberParser {
    struct Failure: Error {
        var message: String
    }

    static let syntax = "name@host:port with optional ;zone=NAME and ;weight=NUMBER"
    static let weights = 0.01...1000.0

    /// - Parameter weight: Of a member that names none.
    static func parse(_ entry: String, weight: Double = 1) throws(Failure) -> Member {
        let fields = entry.split(separator: ";", omittingEmptySubsequences: false).map { trimmed($0) }
        let parts = fields[0].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        guard parts.count == 2 else { throw Failure(message: "has no \"@\"; a member is \(syntax)") }
        guard Setting.isName(parts[0]) else {
            throw Failure(message: "the name \"\(parts[0])\" is not \(Setting.nameRule)")
        }
        guard let address = HostPort(parts[1]), address.port > 0 else {
            throw Failure(message: "the address \"\(parts[1])\" is not host:port with a port from 1 to 65535")
        }
        var member = Member(name: parts[0], address: address.description, weight: weight)
        var seen: Set<String> = []
        for field in fields.dropFirst() {
            let name = try apply(field, to: &member)
            guard seen.insert(name).inserted else { throw Failure(message: "\(name) is given twice") }
        }
        return member
    }

    /// Sets what `field` says and returns its name.
    private static func apply(_ field: String, to member: inout Member) throws(Failure) -> String {
        let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
            trimmed($0)
        }
        guard pair.count == 2 else {
            throw Failure(message: "\"\(field)\" is not zone=NAME or weight=NUMBER")
        }
        switch pair[0] {
        case "zone":
            guard Setting.isName(pair[1]) else {
                throw Failure(message: "the zone \"\(pair[1])\" is not \(Setting.nameRule)")
            }
            member.zone = pair[1]
        case "weight":
            guard let weight = Double(pair[1]), weights.contains(weight) else {
                throw Failure(
                    message: "the weight \"\(pair[1])\" is not a number from \(weights.lowerBound) to "
                        + "\(Int(weights.upperBound))")
            }
            member.weight = weight
        default:
            throw Failure(
                message: "\"\(pair[0])\" is not zone or weight"
                    + NearestName.hint(for: pair[0], among: ["zone", "weight"]))
        }
        return pair[0]
    }

    private static func trimmed(_ text: Substring) -> String {
        let end = text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex
        return String(text[..<end].drop { $0 == " " })
    }
}
