import ClusterCore

extension Sibling.Content {
    /// What a reader is shown.
    package var parts: (value: [UInt8], contentType: String) {
        switch self {
        case .value(let value, let contentType): (value, contentType)
        case .tombstone, .part: ([], "")
        }
    }
}

extension Reading {
    /// What a client gets who can take one value only: of several the last one written, as `lastWriteWins` has it.
    package var latest: Sibling? {
        if siblings.count <= 1 { return siblings.first }
        return siblings.max { ($0.timestamp, $0.dot) < ($1.timestamp, $1.dot) }
    }
}
