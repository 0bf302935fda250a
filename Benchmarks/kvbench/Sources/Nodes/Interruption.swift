import Glibc
import Synchronization

/// ^C and SIGTERM. The first one is taken note of, so that what has been measured is kept and nothing is left behind; the
/// second ends the process at once, and the nodes with it.
public enum Interruption {
    /// What a run ends with that was told to end.
    public struct Interrupted: Error, CustomStringConvertible {
        public var signal: Int32

        /// As shells have it.
        public var exitCode: Int32 { 128 + signal }

        public var description: String { "interrupted by \(signal == SIGINT ? "^C" : "signal \(signal)")" }
    }

    /// The signal that came; 0 before.
    private static let signal = Atomic<Int32>(0)

    /// From now on signals are taken note of.
    public static func listen() {
        // It exists before a handler needs it.
        signal.store(0, ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { Interruption.note($0) }
        // What waits for a node's reply goes on, and asks for itself whether to.
        action.sa_flags = SA_RESTART
        for number in [SIGINT, SIGTERM] { sigaction(number, &action, nil) }
    }

    public static var isAsked: Bool { signal.load(ordering: .relaxed) != 0 }

    /// Throws `Interrupted` if a signal has come.
    public static func check() throws {
        let number = signal.load(ordering: .relaxed)
        if number != 0 { throw Interrupted(signal: number) }
    }

    /// In a signal handler: nothing here takes a lock or asks for memory.
    private static func note(_ number: Int32) {
        guard signal.exchange(number, ordering: .relaxed) == 0 else { _exit(128 + number) }
        let text: StaticString = "\nkvbench: ending; once more ends it at once\n"
        write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    }
}
