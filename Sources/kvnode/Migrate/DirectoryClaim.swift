import Glibc

/// The right to change what a data directory consists of, for one process at a time.
///
/// A node does not take it: its engine's own lock keeps a change of the engine away.
struct DirectoryClaim {
    private let descriptor: Int32

    /// - Throws: `EngineChangeError` if another process has it.
    init(_ path: String) throws(EngineChangeError) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw EngineChangeError(.failed, "\(path) cannot be opened: \(reason)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(descriptor)
            guard number == EWOULDBLOCK else {
                let reason = String(cString: strerror(number))
                throw EngineChangeError(.failed, "\(path) cannot be locked: \(reason)")
            }
            throw EngineChangeError(.inUse, "another kvnode engine migrate or repair is at work on \(path)")
        }
    }

    /// Gives it back, once; so does the end of the process.
    func release() { close(descriptor) }
}
