import Glibc
import NIOCore

/// The calls on files that a store in a folder needs. They block.
enum PosixFile {
    /// Most bytes for one call. For more at once the kernel looks for as much memory in one piece, which can take it tens of
    /// milliseconds, and no other thread gets that processor meanwhile unless the kernel is built to be preempted.
    private static let maxWriteBytes = 1 << 18

    /// Creates a folder and those above it that are missing.
    ///
    /// - Returns: The folders that have new entries, which are not synced.
    @discardableResult
    static func makeFolders(_ path: String) throws(ObjectStoreError) -> [String] {
        if mkdir(path, 0o755) == 0 { return [parent(of: path)] }
        switch errno {
        case EEXIST: return []
        case ENOENT where path != "/":
            let above = try makeFolders(parent(of: path))
            if mkdir(path, 0o755) == 0 { return above + [parent(of: path)] }
            // Another call may have made it meanwhile, or removed what is above it: then the caller finds it missing.
            if errno == EEXIST || errno == ENOENT { return above }
        default: break
        }
        throw error(errno, "the folder can't be made", path)
    }

    /// The folder that holds the absolute `path`, which has no slash at its end.
    static func parent(of path: String) -> String {
        let parent = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        return parent.isEmpty ? "/" : String(parent)
    }

    /// Makes the entries of a folder survive power loss; one that is gone has none.
    static func synchronize(_ folder: String) throws(ObjectStoreError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw error(errno, "the folder can't be opened", folder)
        }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw error(errno, "the folder can't be synced", folder) }
    }

    /// Writes a file that there is not yet, and has it survive power loss but for its name.
    static func create(_ path: String, _ bytes: ByteBuffer) throws(ObjectStoreError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw error(errno, "the file can't be made", path) }
        do throws(ObjectStoreError) {
            try write(bytes, to: descriptor, path)
            if fsync(descriptor) != 0 { throw error(errno, "the file can't be synced", path) }
        } catch {
            close(descriptor)
            throw error
        }
        // Some file systems tell only now that they are full.
        if close(descriptor) != 0 { throw error(errno, "the file can't be closed", path) }
    }

    private static func write(_ bytes: ByteBuffer, to descriptor: Int32, _ path: String)
        throws(ObjectStoreError)
    {
        var rest = bytes
        while rest.readableBytes > 0 {
            let count = rest.withUnsafeReadableBytes {
                Glibc.write(descriptor, $0.baseAddress, min($0.count, maxWriteBytes))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw error(errno, "the file can't be written", path) }
            rest.moveReaderIndex(forwardBy: count)
        }
    }

    /// - Returns: nil if there is no such file, or it is a folder.
    static func read(_ path: String, upTo maxBytes: Int) throws(ObjectStoreError) -> ByteBuffer? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw error(errno, "the file can't be opened", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw error(errno, "the file can't be examined", path) }
        guard isRegular(status) else { return nil }
        let size = Int(status.st_size)
        guard size <= maxBytes else {
            throw ObjectStoreError(
                .refused, "the file \(path) has \(size) bytes, more than the limit of \(maxBytes)")
        }
        return try read(descriptor, size, path)
    }

    private static func read(_ descriptor: Int32, _ size: Int, _ path: String) throws(ObjectStoreError)
        -> ByteBuffer
    {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(size)
        while bytes.readableBytes < size {
            let missing = size - bytes.readableBytes
            var count = 0
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: missing) { space in
                count = Glibc.read(descriptor, space.baseAddress, missing)
                return max(count, 0)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw error(errno, "the file can't be read", path) }
            guard count > 0 else {
                throw ObjectStoreError(
                    .corrupt, "the file \(path) ends after \(bytes.readableBytes) of \(size) bytes")
            }
        }
        return bytes
    }

    /// The names in a folder, in no order, without those that begin with a dot; nil if there is no such folder.
    static func names(in folder: String) throws(ObjectStoreError) -> [String]? {
        guard let handle = opendir(folder) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw error(errno, "the folder can't be opened", folder)
        }
        defer { closedir(handle) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
            errno = 0
        }
        if errno != 0 { throw error(errno, "the folder can't be read", folder) }
        return names
    }

    /// - Returns: nil if there is nothing of that name.
    static func status(_ path: String) throws(ObjectStoreError) -> stat? {
        var status = stat()
        if lstat(path, &status) == 0 { return status }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw error(errno, "the file can't be examined", path)
    }

    static func isRegular(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }
    static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    static func error(_ number: Int32, _ what: String, _ path: String) -> ObjectStoreError {
        ObjectStoreError(code(number), "\(what): \(String(cString: strerror(number))) (\(path))")
    }

    private static func code(_ number: Int32) -> ObjectStoreError.Code {
        switch number {
        case ENOSPC, EDQUOT, EFBIG: .noSpace
        case EACCES, EPERM, EROFS: .notAuthorized
        // A part of the name is an object's, or the name is a folder's.
        case ENOTDIR, EISDIR, ENOTEMPTY, EEXIST, ENAMETOOLONG: .invalidName
        default: .io
        }
    }
}
