import Glibc

/// Why a file can't be read or written: the system's reason, in words.
struct FileProblem: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }

    init(errno number: Int32) { reason = String(cString: strerror(number)) }
}

/// A file that is read whole, and so has to be small.
enum SmallFile {
    /// Far above any bundle of certificates, far below what would hurt.
    static let maxBytes = 1 << 20

    struct Content: Equatable, Sendable {
        var bytes: [UInt8]
        /// Whether others may read or change it than the owner, or than this process.
        var isOpenToOthers: Bool

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Blocks.
    static func read(_ path: String) throws(FileProblem) -> Content {
        // A FIFO would wait for its other end.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileProblem(errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileProblem(errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileProblem("it is no file") }
        return Content(bytes: try bytes(of: descriptor), isOpenToOthers: isOpenToOthers(status))
    }

    private static func isOpenToOthers(_ status: stat) -> Bool {
        // A file of root's reaches a process of another user by its group alone: so do Kubernetes' Secrets.
        let isForGroup = status.st_uid == 0 && geteuid() != 0 && isOwnGroup(status.st_gid)
        return status.st_mode & (isForGroup ? 0o037 : 0o077) != 0
    }

    /// Whether the process belongs to it, be it as one of its further groups, as Kubernetes' `fsGroup` is.
    private static func isOwnGroup(_ group: gid_t) -> Bool {
        var groups = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = getgroups(Int32(groups.count), &groups)
        return group == getegid() || groups.prefix(max(0, Int(count))).contains(group)
    }

    private static func bytes(of descriptor: Int32) throws(FileProblem) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= maxBytes {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count > 0 {
                bytes += chunk.prefix(count)
            } else if errno != EINTR {
                throw FileProblem(errno: errno)
            }
        }
        throw FileProblem("it has more than \(maxBytes) bytes")
    }

    /// What becomes of a file that is there.
    enum Existing {
        case kept
        case replaced
    }

    /// Writes a file so that, whatever happens, there is the whole of it or what was there before. Blocks.
    ///
    /// - Parameters:
    ///   - mode: The permission bits, from the first byte on.
    ///   - existing: `kept` fails if there is one.
    static func write(
        _ bytes: [UInt8], to path: String, mode: mode_t, existing: Existing
    ) throws(FileProblem) {
        let draft = "\(path).\(getpid()).new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileProblem(errno: errno) }
        defer { unlink(draft) }
        do {
            defer { close(descriptor) }
            try put(bytes, into: descriptor)
        }
        // A link, unlike a renaming, fails if the name is taken.
        let moved = existing == .kept ? link(draft, path) : rename(draft, path)
        guard moved == 0 else { throw FileProblem(errno: errno) }
    }

    private static func put(_ bytes: [UInt8], into descriptor: Int32) throws(FileProblem) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw FileProblem(errno: errno)
            }
        }
        guard fsync(descriptor) == 0 else { throw FileProblem(errno: errno) }
    }
}
