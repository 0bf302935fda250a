import Glibc

/// A file in an engine's directory that says that opening dropped part of a damaged log.
///
/// Opening moves what is left of the log into tables, so that the next open finds no damage. Were the process to die
/// before the layers above have made up for the loss, nobody would be told. The libraries leave files alone whose names
/// they do not know.
struct LossNote: Sendable {
    private let directory: String
    private var path: String { directory + "/LOST_WRITES" }

    init(directory: String) { self.directory = directory }

    var isLeft: Bool { Files.exists(path) }

    /// Leaves the note, which then survives power loss.
    func leave() throws(EngineError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Files.error(errno, "cannot create", path) }
        close(descriptor)
        try Files.synchronize(path)
        try Files.synchronize(directory)
    }

    /// Takes the note away. One that cannot be removed tells of the loss once more, which does no harm.
    func remove() { unlink(path) }
}
