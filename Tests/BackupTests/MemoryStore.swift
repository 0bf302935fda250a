import NIOCore
import ObjectStorage
import Synchronization

/// A store that keeps objects in memory, counts what is put, and fails when it is told to.
final class MemoryStore: ObjectStore {
    private struct State {
        var objects: [String: [UInt8]] = [:]
        var modified: [String: Int64] = [:]
        var putBytes = 0
        var now: Int64 = 0
        var failsAfterPuts: Int?
    }

    private let state = Mutex(State())

    var location: String { "memory://" }

    /// By name.
    var objects: [String: [UInt8]] {
        get { state.withLock(\.objects) }
        set { state.withLock { $0.objects = newValue } }
    }

    /// Bytes of all that was put since this was set to 0.
    var putBytes: Int {
        get { state.withLock(\.putBytes) }
        set { state.withLock { $0.putBytes = newValue } }
    }

    /// What the store takes for the time, in seconds since 1970.
    var now: Int64 {
        get { state.withLock(\.now) }
        set { state.withLock { $0.now = newValue } }
    }

    /// How many objects can still be put; nil for any number.
    var putsLeft: Int? {
        get { state.withLock(\.failsAfterPuts) }
        set { state.withLock { $0.failsAfterPuts = newValue } }
    }

    func check() async throws(ObjectStoreError) {}

    func put(_ name: String, _ bytes: ByteBuffer) async throws(ObjectStoreError) {
        let isStored = state.withLock { state in
            if let left = state.failsAfterPuts {
                if left == 0 { return false }
                state.failsAfterPuts = left - 1
            }
            state.objects[name] = Array(buffer: bytes)
            state.modified[name] = state.now
            state.putBytes += bytes.readableBytes
            return true
        }
        guard isStored else { throw ObjectStoreError(.noSpace, "\(name) has no room") }
    }

    func get(_ name: String) async throws(ObjectStoreError) -> ByteBuffer? {
        state.withLock { $0.objects[name] }.map { ByteBuffer(bytes: $0) }
    }

    func list(_ prefix: String) async throws(ObjectStoreError) -> [StoredObject] {
        state.withLock { state in
            state.objects.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }.map {
                StoredObject(name: $0.key, size: $0.value.count, modified: state.modified[$0.key] ?? 0)
            }
        }
    }

    func delete(_ names: [String]) async throws(ObjectStoreError) {
        state.withLock { state in for name in names { state.objects[name] = nil } }
    }

    func close() async throws(ObjectStoreError) {}
}
