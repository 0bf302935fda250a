// Whether ThreadSanitizer sees what it is to see: scripts/sanitize runs it before the tests.
import Glibc
import Synchronization

/// A number that threads count up, with or without a lock.
final class Counter: @unchecked Sendable {
    // Not `Sendable` without the lock, which is what one of the two ways is to show.
    var number = 0
    let lock = Mutex(())
    let isGuarded: Bool

    init(isGuarded: Bool) { self.isGuarded = isGuarded }

    func count() {
        for _ in 0..<100_000 {
            if isGuarded { lock.withLock { _ in number += 1 } } else { number += 1 }
        }
    }
}

/// What a thread does: none of `main`, which the compiler takes for the main actor's.
private func count(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<Counter>.fromOpaque(argument!).takeRetainedValue().count()
    return nil
}

@main
enum Control {
    static func main() {
        let counter = Counter(isGuarded: CommandLine.arguments.dropFirst().first == "guarded")
        // As many as get into each other's way, so that some have to wait for the lock.
        var threads = [pthread_t](repeating: 0, count: 8)
        for index in threads.indices {
            pthread_create(&threads[index], nil, count, Unmanaged.passRetained(counter).toOpaque())
        }
        for thread in threads { pthread_join(thread, nil) }
        print("counted to \(counter.number)")
    }
}
