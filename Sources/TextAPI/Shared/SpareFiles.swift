import Glibc
import NIOCore

/// The files that clients' connections leave to the node: for its engine's tables and other nodes, and for the library of its
/// threads, which ends the process when it looks after a busy thread and can open no file.
enum SpareFiles {
    /// Whether the connection has taken one of the last `reserved` files that the process may open. On its event loop.
    static func isTaken(by channel: any Channel, reserved: Int) throws -> Bool {
        let file = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { UInt64($0) }
        // Of a channel without a socket.
        guard let file else { return false }
        // Asked each time: an operator may change it while the node runs.
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw IOError(errnoCode: errno, reason: "getrlimit")
        }
        // The system gives the lowest number that is free: all below are in use.
        return file + UInt64(reserved) >= limit.rlim_cur
    }
}
