import NIOCore
import NIOPosix

/// Objects as files in a folder.
///
/// Files are written under `.unfinished` in that folder, synced, and renamed. What a process leaves there that is killed is removed by
/// puts a day later. All of the folder must be in one file system. A name must not be that of another object's folder: of `a` and `a/b`
/// there can be one.
public struct FileObjectStore: ObjectStore {
    public let location: String
    private let folder: ObjectFolder
    private let pool: NIOThreadPool

    /// - Parameters:
    ///   - path: Absolute; the folder is made if it is missing, by the first call that writes.
    ///   - maxObjectBytes: The largest object that `get` takes into memory, at most 2 GiB.
    ///   - pool: Where calls block.
    /// - Throws: `invalidName` if the path is not absolute, or `invalidConfiguration`.
    public init(
        path: String, maxObjectBytes: Int = 1 << 30, pool: NIOThreadPool = .singleton
    ) throws(ObjectStoreError) {
        let path = try ObjectStoreLocation.checkedPath(path)
        try ObjectLimit.check(maxObjectBytes)
        location = ObjectStoreLocation.file(path: path).description
        folder = ObjectFolder(root: path, maxObjectBytes: maxObjectBytes)
        self.pool = pool
    }

    public func check() async throws(ObjectStoreError) {
        try await run("the check") { folder throws(ObjectStoreError) in try folder.check() }
    }

    public func put(_ name: String, _ bytes: ByteBuffer) async throws(ObjectStoreError) {
        try ObjectName.check(name)
        try await run("put of \(name)") { folder throws(ObjectStoreError) in try folder.put(name, bytes) }
    }

    public func get(_ name: String) async throws(ObjectStoreError) -> ByteBuffer? {
        try ObjectName.check(name)
        return try await run("get of \(name)") { folder throws(ObjectStoreError) in try folder.get(name) }
    }

    public func list(_ prefix: String) async throws(ObjectStoreError) -> [StoredObject] {
        try ObjectName.checkPrefix(prefix)
        return try await run("list of \"\(prefix)\"") { folder throws(ObjectStoreError) in
            try folder.list(prefix)
        }
    }

    public func delete(_ names: [String]) async throws(ObjectStoreError) {
        try ObjectName.check(names)
        try await run("delete of \(names.count) objects") { folder throws(ObjectStoreError) in
            try folder.delete(names)
        }
    }

    /// Does nothing: no file is open between calls.
    public func close() async throws(ObjectStoreError) {}

    private func run<Answer: Sendable>(
        _ what: String, _ body: @escaping @Sendable (ObjectFolder) throws(ObjectStoreError) -> Answer
    ) async throws(ObjectStoreError) -> Answer {
        do {
            return try await pool.runIfActive { [folder] in try body(folder) }
        } catch let error as ObjectStoreError {
            throw ObjectStoreError(error.code, "\(what) at \(location): \(error.message)")
        } catch is CancellationError {
            throw ObjectStoreError(.cancelled, "\(what) at \(location): cancelled")
        } catch {
            throw ObjectStoreError(.io, "\(what) at \(location): \(error)")
        }
    }
}
