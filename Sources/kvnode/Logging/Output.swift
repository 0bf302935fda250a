import ArgumentParser
import Glibc

/// A file descriptor of the process that text and values are written to, unbuffered.
struct Output: Sendable {
    static let standardOutput = Output(descriptor: STDOUT_FILENO)
    static let standardError = Output(descriptor: STDERR_FILENO)

    /// A write that failed.
    struct Failure: Error {
        /// The system's error number.
        var number: Int32
    }

    var descriptor: Int32

    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// What a command was run for.
    ///
    /// - Throws: What the command ends with if it can't be written: quietly if whoever read it is gone, else the
    ///   cause is said on standard error.
    func print(_ text: String) throws(ExitCode) { try print(Array(text.utf8)) }

    /// Like `print(_: String)`.
    func print(_ bytes: [UInt8]) throws(ExitCode) {
        do throws(Failure) {
            try send(bytes)
        } catch {
            if error.number == EPIPE { throw .brokenPipe }
            let reason = unsafe String(cString: strerror(error.number))
            Output.standardError.write("kvnode: the output can't be written: \(reason)\n")
            throw .failure
        }
    }

    /// Notes and logs: writes all of `text`, or gives up, as there is no other place to say so.
    func write(_ text: String) { write(Array(text.utf8)) }

    /// Like `write(_: String)`.
    func write(_ bytes: [UInt8]) { try? send(bytes) }

    /// Writes all of `bytes`, however long it takes.
    private func send(_ bytes: [UInt8]) throws(Failure) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
            }
            if count >= 0 {
                offset += count
                continue
            }
            switch errno {
            case EINTR: break
            // A terminal or a pipe that another process has made non-blocking.
            case EAGAIN:
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&ready, 1, -1)
            case let number: throw Failure(number: number)
            }
        }
    }
}
