import Glibc
import Synchronization

/// Holds a thread back to so many bytes a second, and ends its work when it is told to.
final class Pace: Sendable {
    /// In microseconds.
    private static let longestSlice = 50_000

    private let bytesPerSecond: Int?
    private let isCancelled = Atomic(false)

    /// - Parameter bytesPerSecond: Nil for as fast as it goes.
    init(bytesPerSecond: Int?) { self.bytesPerSecond = bytesPerSecond }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Waits for as long as so many bytes are to take; a thread that may block.
    func take(_ bytes: Int) throws(BackupError) {
        try check()
        guard let bytesPerSecond else { return }
        // A rate, not a wait for anything. In slices, so that a cancelled backup ends soon whatever the rate.
        var rest = bytes * 1_000_000 / bytesPerSecond
        while rest > 0 {
            let slice = min(rest, Self.longestSlice)
            usleep(UInt32(slice))
            rest -= slice
            try check()
        }
    }

    func check() throws(BackupError) {
        if isCancelled.load(ordering: .relaxed) {
            throw BackupError(.cancelled, "the backup was ended early")
        }
    }
}
