import ClusterCore
import Messages
import TextAPI

extension Kvnode_V1_StageRequest {
    /// The change of a role that is asked for. Checks all that needs no layout.
    ///
    /// - Parameter history: Says what the one has that another replaces.
    func roleChange(_ history: LayoutHistory) throws(ClusterFailure) -> RoleChange {
        switch change {
        case .join(let member): return .join(try member.checked())
        case .leave(let name): return .leave(NodeID(name: name))
        case .replace(let replace):
            var member = try replace.with.checked()
            // Who takes another's place fails with what it fails with, and takes as much.
            if let old = history.latest.member(NodeID(name: replace.node)) {
                if member.zone.isEmpty { member.zone = old.zone }
                if replace.with.weight == 0 { member.weight = old.weight }
            }
            return .replace(NodeID(name: replace.node), with: member)
        case .weight(let change): return .weight(NodeID(name: change.node), change.weight)
        case .zone(let change):
            try Kvnode_V1_Member.check(zone: change.zone)
            return .zone(NodeID(name: change.node), change.zone)
        case .address(let change):
            try Kvnode_V1_Member.check(address: change.address)
            return .address(NodeID(name: change.node), change.address)
        case nil: throw .invalid("the request names no change: join, leave, replace, weight, zone or address")
        }
    }

    /// The names in the request that have to be members'.
    var names: [String] {
        switch change {
        case .join, nil: []
        case .leave(let name): [name]
        case .replace(let replace): [replace.node]
        case .weight(let change): [change.node]
        case .zone(let change): [change.node]
        case .address(let change): [change.node]
        }
    }
}

extension Kvnode_V1_Member {
    fileprivate func checked() throws(ClusterFailure) -> Member {
        guard MemberRules.isName(name) else {
            throw .invalid("the name \"\(name)\" is not \(MemberRules.nameRule)")
        }
        try Self.check(address: address)
        try Self.check(zone: zone)
        return Member(name: name, address: address, zone: zone, weight: weight == 0 ? 1 : weight)
    }

    fileprivate static func check(address: String) throws(ClusterFailure) {
        guard MemberRules.isAddress(address) else {
            throw .invalid("the address \"\(address)\" is not host:port with a port from 1 to 65535")
        }
    }

    fileprivate static func check(zone: String) throws(ClusterFailure) {
        guard zone.isEmpty || MemberRules.isName(zone) else {
            throw .invalid("the zone \"\(zone)\" is not \(MemberRules.nameRule)")
        }
    }
}
