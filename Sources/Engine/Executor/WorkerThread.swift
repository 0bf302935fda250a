import Glibc

/// A named thread of the operating system, joined exactly once.
struct WorkerThread: Sendable {
    private let handle: pthread_t

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Parameter name: At most 15 bytes, as Linux allows; shows in `top -H`.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(EngineError) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                setName(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw EngineError(.io, "cannot start a thread: \(String(cString: strerror(code)))")
        }
        self.handle = handle
    }

    /// Whether the caller runs on this thread.
    var isCurrent: Bool { pthread_equal(handle, pthread_self()) != 0 }

    func join() {
        let code = pthread_join(handle, nil)
        precondition(code == 0, "pthread_join failed with \(code)")
    }
}

/// Names the calling thread. (glibc's call for it is hidden from Swift behind `_GNU_SOURCE`.)
private func setName(_ name: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    // A system without /proc shows a number instead.
    guard descriptor >= 0 else { return }
    _ = write(descriptor, name, name.utf8.count)
    close(descriptor)
}
