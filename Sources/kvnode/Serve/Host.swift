import Cluster
import Foundation
import ObjectStorage

/// The machine that the node runs on.
enum Host {
    /// Real time and chance, for a node with this data.
    static func environment(of data: DataDirectory) -> Environment {
        Environment(bootID: bootID, dataID: data.identifier, wallNanoseconds: wallNanoseconds)
    }

    /// Where the kernel doesn't tell, no two runs count as of the same boot, which is the safe side.
    private static var bootID: String {
        let id = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return id?.trimmingCharacters(in: .whitespacesAndNewlines) ?? UUID().uuidString
    }

    @Sendable private static func wallNanoseconds() -> UInt64 {
        UInt64(WallClock.now() * 1e9)
    }
}
