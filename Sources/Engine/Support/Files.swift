import Glibc

/// The few calls on files that engines need beside their library.
package enum Files {
    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Creates one directory, which then survives power loss; an existing one is fine.
    package static func makeDirectory(_ path: String) throws(EngineError) {
        if mkdir(path, 0o755) == 0 { return try synchronize(parent(of: path)) }
        if errno != EEXIST { throw error(errno, "cannot create the directory", path) }
    }

    /// Creates the directory `path`, which `fill` fills and makes durable, or leaves nothing behind.
    ///
    /// Throws `invalidArgument` if anything has that name. Of several calls at once for one path, one succeeds.
    package static func makeCheckpoint(
        _ path: String, fill: () throws(EngineError) -> Void
    ) throws(EngineError) {
        guard mkdir(path, 0o755) == 0 else {
            if errno == EEXIST { throw occupied(path) }
            throw error(errno, "cannot create the directory", path)
        }
        do throws(EngineError) {
            try fill()
            try synchronize(path)
            try synchronize(parent(of: path))
        } catch {
            // Nobody else made it: the directory was created above.
            removeDirectory(path)
            throw error
        }
    }

    /// Refuses a checkpoint's destination that exists.
    package static func checkAbsent(_ path: String) throws(EngineError) {
        if exists(path) { throw occupied(path) }
    }

    private static func occupied(_ path: String) -> EngineError {
        EngineError(.invalidArgument, "the destination exists already", path: path)
    }

    /// The directory that holds the entry `path`.
    package static func parent(of path: String) -> String {
        let name = path.utf8.reversed().drop { $0 == UInt8(ascii: "/") }
        let parent = name.drop { $0 != UInt8(ascii: "/") }
        guard !parent.isEmpty else { return path.hasPrefix("/") ? "/" : "." }
        return String(decoding: parent.reversed(), as: UTF8.self)
    }

    /// Makes a file's content, or a directory's entries, survive power loss.
    package static func synchronize(_ path: String) throws(EngineError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw error(errno, "cannot open", path) }
        defer { Glibc.close(descriptor) }
        if fsync(descriptor) != 0 { throw error(errno, "cannot sync", path) }
    }

    /// Removes a directory that holds only files, such as what a failed checkpoint left behind.
    package static func removeDirectory(_ path: String) {
        guard let names = try? entries(of: path) else { return }
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    /// Bytes that an unprivileged process may still write on the file system of `path`; nil if it does not say.
    package static func freeBytes(at path: String) -> UInt64? {
        var status = Glibc.statvfs()
        let isKnown = withUnsafeMutablePointer(to: &status) { statvfs(path, $0) } == 0
        return isKnown ? UInt64(status.f_bavail) * UInt64(status.f_frsize) : nil
    }

    /// Bytes left on the disk that holds `path`, or will hold it in the folder that there is.
    package static func freeBytes(atOrAbove path: String) -> UInt64? {
        if let free = freeBytes(at: path) { return free }
        guard let slash = path.lastIndex(of: "/") else { return freeBytes(at: ".") }
        return freeBytes(at: slash == path.startIndex ? "/" : String(path[..<slash]))
    }

    /// Whether `count` more bytes do not fit behind the file at `path`: on its disk, or under the process's limit.
    package static func isFull(_ path: String, for count: Int) -> Bool {
        if let free = freeBytes(at: path), free < UInt64(count) { return true }
        var status = stat()
        var limits = rlimit()
        guard stat(path, &status) == 0, getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0
        else {
            return false
        }
        return UInt64(status.st_size) + UInt64(count) > UInt64(limits.rlim_cur)
    }

    /// What an error number of the system means to an engine's caller.
    package static func code(_ number: Int32) -> EngineError.Code {
        switch number {
        case ENOSPC, EDQUOT, EFBIG: .noSpace
        case EWOULDBLOCK, EBUSY: .locked
        default: .io
        }
    }

    package static func error(_ number: Int32, _ what: String, _ path: String) -> EngineError {
        EngineError(code(number), "\(what): \(String(cString: strerror(number)))", path: path)
    }

    /// Sorts the text of a RocksDB or LevelDB status into a code.
    package static func code(ofStatus text: String) -> EngineError.Code {
        let text = text.lowercased()
        func says(_ part: String) -> Bool { text.contains(part) }
        if says("no space left") || says("file too large") || says("quota exceeded") { return .noSpace }
        if says("lock") && (says("temporarily unavailable") || says("already held") || says("lock hold")) {
            return .locked
        }
        // LevelDB answers so when a table is shorter than its index says.
        let isShort = text.hasPrefix("io error") && text.hasSuffix("invalid argument")
        if text.hasPrefix("corruption") || isShort { return .corruption }
        if text.hasPrefix("invalid argument") { return .invalidArgument }
        return .io
    }
}

// MARK: Content

extension Files {
    /// The path without links and dots.
    static func realPath(_ path: String) throws(EngineError) -> String {
        guard let real = realpath(path, nil) else { throw error(errno, "cannot resolve the path", path) }
        defer { free(real) }
        return String(cString: real)
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(EngineError) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + offset, bytes.count - offset)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw error(errno, "cannot write", path) }
            offset += count
        }
    }

    /// Reads on until `bytes` is full or the file ends.
    /// - Returns: How many bytes were read.
    package static func fill(
        _ bytes: inout [UInt8], from descriptor: Int32, _ path: String
    ) throws(EngineError) -> Int {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + offset, $0.count - offset)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw error(errno, "cannot read", path) }
            if count == 0 { break }
            offset += count
        }
        return offset
    }

    static func read(_ path: String) throws(EngineError) -> [UInt8] {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw error(errno, "cannot open", path) }
        defer { Glibc.close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try fill(&chunk, from: descriptor, path)
            bytes += chunk[..<count]
            if count < chunk.count { return bytes }
        }
    }
}
