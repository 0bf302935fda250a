import Foundation
import Glibc

public enum Disk {
    /// Blocks that the files below a directory take: less than their length where they have holes.
    public static func bytesUsed(_ directory: URL) -> Int {
        // Files come and go meanwhile.
        guard let names = FileManager.default.enumerator(atPath: directory.path) else { return 0 }
        var bytes = 0
        for case let name as String in names {
            var status = stat()
            guard lstat(directory.path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                continue
            }
            bytes += Int(status.st_blocks) * 512
        }
        return bytes
    }
}
