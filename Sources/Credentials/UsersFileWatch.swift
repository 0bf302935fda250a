import Foundation
import Glibc

/// Notices when a users file has changed: by what the file system says of it, which costs less than to read it.
public struct UsersFileWatch: Sendable {
    private struct Stamp: Equatable, Sendable {
        var device: UInt
        var inode: UInt
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    private let path: String
    /// Nil: there is no file.
    private var seen: Stamp?

    /// A watch that has seen nothing yet.
    public init(path: String) { self.path = path }

    /// The users if the file is another one than at the last call, nil if it is the same. What is wrong with it is told
    /// once, until it changes again.
    public mutating func changed() throws(UsersFileError) -> [User]? {
        let stamp = Self.stamp(of: path)
        guard let stamp else {
            let wasThere = seen != nil
            seen = nil
            if wasThere { throw UsersFileError("\(path) is gone") }
            return nil
        }
        guard stamp != seen else { return nil }
        // Before it is read: what is written meanwhile has another stamp.
        seen = stamp
        return try UsersFile.read(path)
    }

    private static func stamp(of path: String) -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Stamp(
            device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }
}
