import Synchronization

/// The right to use a directory within this process.
///
/// The libraries lock their directory, but against the same process only under the same spelling of its path.
package struct PathClaim: Sendable {
    private static let taken = Mutex<Set<String>>([])
    private let path: String

    /// Throws `locked` if another engine of this process has the directory, which exists.
    package init(_ path: String) throws(EngineError) {
        let real = try Files.realPath(path)
        guard Self.taken.withLock({ $0.insert(real).inserted }) else {
            throw EngineError(.locked, "another engine of this process has the directory open", path: path)
        }
        self.path = real
    }

    package func release() { _ = Self.taken.withLock { $0.remove(path) } }
}
