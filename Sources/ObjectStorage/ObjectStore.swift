import NIOCore

/// Where objects are kept by name, each whole or not at all.
///
/// Names are relative paths of letters, digits, `.`, `_` and `-`, in parts between slashes that don't begin with a dot, of at most 512
/// bytes in all. All calls may be made from any number of tasks at once. Of two that put one name, either may be the last. The bytes of
/// an object are hashed, sent and read off event loops.
public protocol ObjectStore: Sendable {
    /// What an operator would call it: `s3://bucket/prefix`, `file:///path`.
    var location: String { get }

    /// Whether the place is there and may be used, to be told at the start rather than at the first object.
    func check() async throws(ObjectStoreError)

    /// Keeps an object, in place of the one of that name if there is one. When it returns, the object survives power loss. When it
    /// throws, the object of that name is the new one or the one before, whole.
    func put(_ name: String, _ bytes: ByteBuffer) async throws(ObjectStoreError)

    /// - Returns: nil if there is none of that name.
    func get(_ name: String) async throws(ObjectStoreError) -> ByteBuffer?

    /// All objects whose names begin with `prefix`, which need not end where a part of a name does; sorted by name. What others put
    /// there under names that no object can have is left out.
    func list(_ prefix: String) async throws(ObjectStoreError) -> [StoredObject]

    /// Removes objects; names that there are not are fine. When it throws, some may be gone.
    func delete(_ names: [String]) async throws(ObjectStoreError)

    /// Lets go of connections. To be called once, when no other call is under way; none may follow.
    func close() async throws(ObjectStoreError)
}

/// What a list says of an object.
public struct StoredObject: Sendable, Equatable {
    public var name: String
    /// In bytes.
    public var size: Int
    /// When it was put, in whole seconds since 1970, by the store's clock.
    public var modified: Int64

    public init(name: String, size: Int, modified: Int64) {
        self.name = name
        self.size = size
        self.modified = modified
    }
}
