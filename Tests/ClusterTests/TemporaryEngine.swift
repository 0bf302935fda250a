import Engine
import Foundation

/// An executor on a memory engine whose directory goes with it.
func withTemporaryExecutor<R>(_ body: (EngineExecutor) async throws -> R) async throws -> R {
    let (executor, directory) = try makeTemporaryExecutor()
    defer { try? FileManager.default.removeItem(at: directory) }
    do {
        let result = try await body(executor)
        try executor.shutdown()
        return result
    } catch {
        try executor.shutdown()
        throw error
    }
}

/// The caller shuts the executor down, then removes the directory.
func makeTemporaryExecutor() throws -> (EngineExecutor, directory: URL) {
    let directory = FileManager.default.temporaryDirectory.appending(path: "kvnode-\(UUID().uuidString)")
    let options = try EngineOptions(MemoryEngineFactory.options)
    let engine = try MemoryEngineFactory.open(at: directory.path, options: options)
    return (try EngineExecutor(engine: engine), directory)
}
