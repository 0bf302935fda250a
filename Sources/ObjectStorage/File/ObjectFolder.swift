import Glibc
import NIOCore

/// Objects as files in a folder, by calls that block.
struct ObjectFolder: Sendable {
    /// Holds what is being put, until it is whole and takes its place. No object's name begins with a dot.
    private static let unfinished = ".unfinished"
    /// After which what nobody has written to is left over from a process that was killed, in seconds.
    private static let leftoverAge = 86_400
    /// How often a put tries again when the folder that it has just made was removed as empty.
    static let maxTries = 100

    /// Absolute, without a slash at its end.
    let root: String
    let maxObjectBytes: Int

    private var unfinishedFolder: String { path("\(Self.unfinished)") }

    private func path(_ name: String) -> String { root == "/" ? "/\(name)" : "\(root)/\(name)" }

    /// Makes the folder if it is missing, and writes to it.
    func check() throws(ObjectStoreError) {
        let file = try create(ByteBuffer())
        if unlink(file) != 0 { throw PosixFile.error(errno, "the file can't be removed", file) }
    }

    func put(_ name: String, _ bytes: ByteBuffer) throws(ObjectStoreError) {
        let file = try create(bytes)
        let written: Int
        do throws(ObjectStoreError) {
            written = try PosixFile.status(file)?.st_mtim.tv_sec ?? 0
            try place(file, path(name))
        } catch {
            // It may have been placed, and is then no longer there; or it is removed when it is old.
            unlink(file)
            throw error
        }
        try removeLeftovers(at: written)
    }

    /// - Returns: The path of a new file with these bytes.
    private func create(_ bytes: ByteBuffer) throws(ObjectStoreError) -> String {
        for folder in try PosixFile.makeFolders(unfinishedFolder) { try PosixFile.synchronize(folder) }
        let number = UInt64.random(in: .min ... .max)
        let file = "\(unfinishedFolder)/\(String(number, radix: 16))"
        do throws(ObjectStoreError) {
            try PosixFile.create(file, bytes)
        } catch {
            // The disk may be full. If it can't be removed either, that is done when it is old.
            unlink(file)
            throw error
        }
        return file
    }

    private func place(_ file: String, _ path: String) throws(ObjectStoreError) {
        var folder = PosixFile.parent(of: path)
        for _ in 0..<Self.maxTries {
            try PosixFile.makeFolders(folder)
            if rename(file, path) == 0 {
                // Those above, too: another call may have made them and not synced them yet.
                while folder != root {
                    try PosixFile.synchronize(folder)
                    folder = PosixFile.parent(of: folder)
                }
                return try PosixFile.synchronize(root)
            }
            guard errno == ENOENT else { break }
        }
        throw PosixFile.error(errno, "the file can't take its place", path)
    }

    /// Of processes that were killed, so that they don't fill the disk.
    ///
    /// - Parameter now: By the clock of the file system, which writes the times of all files: that of this machine may be another.
    private func removeLeftovers(at now: Int) throws(ObjectStoreError) {
        for name in try PosixFile.names(in: unfinishedFolder) ?? [] {
            let file = "\(unfinishedFolder)/\(name)"
            guard let status = try PosixFile.status(file) else { continue }
            if now - status.st_mtim.tv_sec > Self.leftoverAge, unlink(file) != 0, errno != ENOENT {
                throw PosixFile.error(errno, "what is left over can't be removed", file)
            }
        }
    }

    func get(_ name: String) throws(ObjectStoreError) -> ByteBuffer? {
        try PosixFile.read(path(name), upTo: maxObjectBytes)
    }

    func list(_ prefix: String) throws(ObjectStoreError) -> [StoredObject] {
        // Only what is below the last slash can have the prefix.
        let start = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
        var folders = [start]
        var objects: [StoredObject] = []
        while let folder = folders.popLast() {
            for entry in try PosixFile.names(in: path(folder)) ?? [] {
                let name = folder + entry
                // A folder's name may be shorter than the prefix only above `start`.
                guard name.hasPrefix(prefix), ObjectName.isValid(name),
                    let status = try PosixFile.status(path(name))
                else { continue }
                if PosixFile.isFolder(status) { folders.append("\(name)/") }
                if PosixFile.isRegular(status) {
                    objects.append(
                        StoredObject(
                            name: name, size: Int(status.st_size), modified: Int64(status.st_mtim.tv_sec)))
                }
            }
        }
        return objects.sorted { $0.name < $1.name }
    }

    func delete(_ names: [String]) throws(ObjectStoreError) {
        var folders: Set<String> = []
        for name in names {
            if unlink(path(name)) == 0 {
                folders.insert(PosixFile.parent(of: path(name)))
            } else if errno != ENOENT && errno != ENOTDIR {
                throw PosixFile.error(errno, "the file can't be removed", path(name))
            }
        }
        for folder in folders { try removeEmpty(folder) }
    }

    /// Removes a folder and those above it, as far as they are empty, and has what it removed stay so through loss of power.
    private func removeEmpty(_ folder: String) throws(ObjectStoreError) {
        var folder = folder
        while folder != root, rmdir(folder) == 0 { folder = PosixFile.parent(of: folder) }
        // If another call has removed it, that syncs the one above.
        try PosixFile.synchronize(folder)
    }
}
