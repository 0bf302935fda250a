import Foundation
import Glibc

/// A `kvnode serve` that this process started, in a process group of its own: the terminal's ^C reaches it only through
/// its parent, which stops all nodes in order.
struct ChildProcess: Sendable {
    /// How a process ended.
    enum Ending: Equatable, Sendable, CustomStringConvertible {
        case exited(Int32)
        case killed(signal: Int32)

        /// - Parameter status: As `waitpid` gives it.
        init(status: Int32) {
            let signal = status & 0x7F
            self = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
        }

        var description: String {
            switch self {
            case .exited(let code): "exited with code \(code)"
            case .killed(let signal): "was killed by signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        }
    }

    struct Failure: Error {
        var message: String
    }

    let pid: pid_t
    /// Open as long as this process lives: the child stops at its end (see `ParentWatch`).
    private let lifeline: Int32

    /// Starts this executable with `arguments`.
    ///
    /// - Parameters:
    ///   - prefix: Goes before each line that the child prints, on this process's standard error.
    ///   - ended: Called on a thread of its own once the child has ended and all that it printed is out. The child is not
    ///     reaped before `reap`, so its pid stays its own.
    static func start(
        arguments: [String], environment: [String: String], prefix: String,
        ended: @escaping @Sendable () -> Void
    ) throws(Failure) -> ChildProcess {
        let input = try makePipe()
        let output = try makePipe()
        defer {
            close(input.read)
            close(output.write)
        }
        let pid: pid_t
        do throws(Failure) {
            pid = try spawn(arguments, environment, input: input.read, output: output.write)
        } catch {
            close(input.write)
            close(output.read)
            throw error
        }
        Thread.detachNewThread {
            copyLines(from: output.read, prefix: prefix)
            close(output.read)
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
            ended()
        }
        return ChildProcess(pid: pid, lifeline: input.write)
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// After `ended`: gives the pid back to the system.
    func reap() -> Ending {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        close(lifeline)
        return Ending(status: status)
    }

    /// Both ends close on exec, so that no child holds another's. A child started by another thread in between would;
    /// one task starts all of them.
    private static func makePipe() throws(Failure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure(message: "no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String: String], input: Int32, output: Int32
    ) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))
        // This process ignores the signals that it handles through a dispatch source; a child would inherit that.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in SignalEvents.signals { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)

        var argv: [UnsafeMutablePointer<CChar>?] = (["kvnode"] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &argv, &envp)
        guard result == 0 else { throw Failure(message: "no process: \(String(cString: strerror(result)))") }
        return pid
    }

    private static func copyLines(from descriptor: Int32, prefix: String) {
        var lines = LinePrefixer(prefix: prefix)
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 {
                Output.standardError.write(lines.add(buffer[..<count]))
            } else if count == 0 || errno != EINTR {
                Output.standardError.write(lines.finish())
                return
            }
        }
    }
}
