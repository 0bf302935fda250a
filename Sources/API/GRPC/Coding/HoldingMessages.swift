import Cluster
import ClusterCore
import Messages
import SwiftProtobuf

extension Kvnode_V1_KeyHolding {
    /// - Parameter history: By which the node has a name.
    public init(_ holding: KeyHolding, _ history: LayoutHistory) {
        self.init()
        node = history.name(of: holding.node)
        switch holding.state {
        case .absent: state = .absent
        case .deleted(let versions):
            state = .deleted
            tell(versions)
        case .present(let versions):
            state = .present
            tell(versions)
        case .unknown(let reason):
            state = .unknown
            error = reason.message.isEmpty ? "\(reason.code)" : reason.message
        }
    }

    private mutating func tell(_ versions: Versions) {
        self.versions = versions.siblings.map(Kvnode_V1_HeldVersion.init)
        context = versions.context.entries.map { entry in
            .with {
                $0.actor = entry.actor
                $0.counter = entry.counter
            }
        }
    }
}

extension Kvnode_V1_HeldVersion {
    fileprivate init(_ sibling: Sibling) {
        self.init()
        switch sibling.content {
        case .value(let bytes, _):
            kind = .value
            self.bytes = UInt64(bytes.count)
        case .tombstone: kind = .tombstone
        case .part: kind = .part
        }
        dot = .with {
            $0.actor = sibling.dot.actor
            $0.counter = sibling.dot.counter
        }
        timestampMs = sibling.timestamp.milliseconds
        expiresAtMs = sibling.expiresAt
    }
}
