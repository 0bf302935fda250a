/// The change of one row, hashed: what a hash tree has to know of it.
public struct RowChange: Sendable {
    public let key: StorageKey
    let keyHash: UInt64
    /// What the row's leaf grows by, modulo 2^64.
    let delta: UInt64

    /// Of a key and its state, as its leaf counts it.
    public static func hash(of key: StorageKey, state: [UInt8]) -> UInt64 {
        hash(of: key, state: state.span.bytes)
    }

    public static func hash(of key: StorageKey, state: RawSpan) -> UInt64 {
        TreeHash.ofRow(keyHash: TreeHash.ofKey(key), state: state)
    }

    /// The key's state has changed from one encoding to another; nil stands for none.
    public init(of key: StorageKey, from old: [UInt8]?, to new: [UInt8]?) {
        self.key = key
        keyHash = TreeHash.ofKey(key)
        var delta: UInt64 = 0
        if let new { delta &+= TreeHash.ofRow(keyHash: keyHash, state: new.span.bytes) }
        if let old { delta &-= TreeHash.ofRow(keyHash: keyHash, state: old.span.bytes) }
        self.delta = delta
    }
}
