import Foundation
import Glibc

/// Changes a users file, one process at a time and so that its readers see the old or the new one.
public struct UsersFileStore {
    public var path: String

    public init(path: String) { self.path = path }

    /// - Returns: None if there is no such file.
    public func read() throws(UsersFileError) -> [User] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try UsersFile.read(path)
    }

    /// Reads the users, lets `body` change them, and writes them if it does not throw. The file belongs to its owner alone.
    public func change<Result>(_ body: (inout [User]) throws -> Result) throws -> Result {
        let claim = try claim()
        // Gives up the lock too.
        defer { close(claim) }
        var users = try read()
        let result = try body(&users)
        try write(UsersFile.text(of: users))
        return result
    }

    private var folder: String {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return parent.isEmpty ? "." : parent
    }

    /// The right to change files in the folder, for one process at a time; waits for it.
    private func claim() throws(UsersFileError) -> Int32 {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("\(folder) can't be opened") }
        guard flock(descriptor, LOCK_EX) == 0 else {
            let failure = Self.failure("\(folder) can't be locked")
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    private func write(_ text: String) throws(UsersFileError) {
        // A link, such as into a folder of secrets, stays one.
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let new = target + ".new"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("\(new) can't be written") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            // What was left over of an earlier attempt may have had other rights.
            guard fchmod(descriptor, 0o600) == 0 else { throw Self.failure("\(new) can't be made private") }
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
        } catch let error as UsersFileError {
            throw error
        } catch {
            throw UsersFileError("\(new) can't be written: \(error.localizedDescription)")
        }
        guard rename(new, target) == 0 else { throw Self.failure("\(target) can't be replaced") }
    }

    /// With the system's reason.
    private static func failure(_ what: String) -> UsersFileError {
        UsersFileError("\(what): \(String(cString: strerror(errno)))")
    }
}
