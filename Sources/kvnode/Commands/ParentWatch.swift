import Foundation
import Glibc

/// Stops a node whose parent is gone. The parent keeps the other end of a pipe that is the node's standard input;
/// the system closes it however the parent ends, by SIGKILL too.
enum ParentWatch {
    /// From the end of standard input, the node has `stopTimeout` and 5 seconds to stop; then the system ends it.
    static func start(stopTimeout: Duration) {
        // The parent read the log too: writing it must not end the node before it has stopped in order.
        signal(SIGPIPE, SIG_IGN)
        let seconds = UInt32(clamping: stopTimeout.components.seconds + 5)
        Thread.detachNewThread {
            var byte: UInt8 = 0
            var count = 0
            repeat {
                count = unsafe read(STDIN_FILENO, &byte, 1)
            } while count > 0 || (count < 0 && errno == EINTR)
            // Nobody is left to send SIGKILL: the default action of SIGALRM takes its place.
            alarm(seconds)
            kill(getpid(), SIGTERM)
        }
    }
}
