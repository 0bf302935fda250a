import Cluster
import ClusterCore

/// `CLUSTER`, for clients that choose a node by a key's slot. Here any node serves any key, so the slots are dealt out among
/// the nodes that can be reached: which a client asks is a matter of load alone, and nothing is ever MOVED.
enum ClusterCommands {
    enum Question {
        case slots, shards, nodes, info, id
    }

    static func plan(_ parser: RESPParser) throws(RESPCommandError) -> RESPPlan {
        switch (parser.lowercased(1), parser.count) {
        case ("slots", 2): return .cluster(.slots)
        case ("shards", 2): return .cluster(.shards)
        case ("nodes", 2): return .cluster(.nodes)
        case ("info", 2): return .cluster(.info)
        case ("myid", 2): return .cluster(.id)
        case ("keyslot", 3): return .reply(.integer(KeySlot.slot(of: parser.bytes(2))))
        case ("slots", _), ("shards", _), ("nodes", _), ("info", _), ("myid", _), ("keyslot", _):
            throw .wrongCount("cluster|\(parser.lowercased(1))")
        default:
            throw .other(
                "unknown subcommand '\(parser.text(1))'. Try CLUSTER SLOTS, SHARDS, NODES, INFO, KEYSLOT or MYID."
            )
        }
    }
}

extension ClusterCommands.Question {
    func reply(_ nodes: [ServingNode]) -> RESPReply {
        switch self {
        case .slots: .array(Self.dealt(nodes).map(\.asSlots))
        case .shards: .array(Self.dealt(nodes).map(\.asShard))
        case .nodes: .text(Self.dealt(nodes).map { $0.line + "\n" }.joined())
        case .info: .text(Self.info(nodes))
        case .id:
            nodes.first(where: \.isSelf).map { .bulk($0.redisID) } ?? .error("this node is no member yet")
        }
    }

    private struct Share {
        var node: ServingNode
        var slots: ClosedRange<Int>

        var asSlots: RESPReply {
            .array([
                .integer(slots.lowerBound), .integer(slots.upperBound),
                .array([.bulk(node.host), .integer(node.respPort), .bulk(node.redisID), .array([])]),
            ])
        }

        var asShard: RESPReply {
            .map([
                (.bulk("slots"), .array([.integer(slots.lowerBound), .integer(slots.upperBound)])),
                (
                    .bulk("nodes"),
                    .array([
                        .map([
                            (.bulk("id"), .bulk(node.redisID)), (.bulk("port"), .integer(node.respPort)),
                            (.bulk("ip"), .bulk(node.host)), (.bulk("endpoint"), .bulk(node.host)),
                            (.bulk("role"), .bulk("master")), (.bulk("replication-offset"), .integer(0)),
                            (.bulk("health"), .bulk("online")),
                        ])
                    ])
                ),
            ])
        }

        var line: String {
            let flags = node.isSelf ? "myself,master" : "master"
            return
                "\(node.redisID) \(node.host):\(node.respPort)@\(node.respPort) \(flags) - 0 0 1 connected "
                + "\(slots.lowerBound)-\(slots.upperBound)"
        }
    }

    /// The nodes are in the same order everywhere, so that all nodes tell the same.
    private static func dealt(_ nodes: [ServingNode]) -> [Share] {
        nodes.enumerated().map { index, node in
            let first = index * KeySlot.count / nodes.count
            return Share(node: node, slots: first...(index + 1) * KeySlot.count / nodes.count - 1)
        }
    }

    private static func info(_ nodes: [ServingNode]) -> String {
        let slots = nodes.isEmpty ? 0 : KeySlot.count
        return [
            "cluster_state:\(nodes.isEmpty ? "fail" : "ok")", "cluster_slots_assigned:\(slots)",
            "cluster_slots_ok:\(slots)", "cluster_slots_pfail:0", "cluster_slots_fail:0",
            "cluster_known_nodes:\(nodes.count)", "cluster_size:\(nodes.count)", "cluster_current_epoch:1",
            "cluster_my_epoch:1",
        ].map { $0 + "\r\n" }.joined()
    }
}

extension ServingNode {
    /// Of 40 hexadecimal digits, as clients expect it.
    fileprivate var redisID: String {
        let digits = String(id.rawValue, radix: 16)
        return String(repeating: "0", count: 40 - digits.count) + digits
    }
}

/// The slot of a key in a cluster of Redis's: CRC-16 (XMODEM) of what is between its first braces, if anything is, or of all
/// of it.
enum KeySlot {
    static let count = 16_384

    static func slot(of key: [UInt8]) -> Int {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key[(open + 1)...].firstIndex(of: UInt8(ascii: "}")), close > open + 1
        {
            hashed = key[(open + 1)..<close]
        }
        return Int(checksum(hashed)) % count
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        bytes.reduce(0) { checksum, byte in
            (0..<8).reduce(checksum ^ UInt16(byte) << 8) { sum, _ in
                sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x1021
            }
        }
    }
}
