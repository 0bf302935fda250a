import Glibc

/// A lock that many readers or one writer hold.
///
/// A reader may take it again while it holds it (glibc prefers readers), so a read inside of a read is safe.
package final class ReadWriteLock: @unchecked Sendable {
    // Sendable: the pointer never changes after init, and pthread_rwlock_t is made to be used by many threads.
    private let lock = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)

    package init() {
        let code = pthread_rwlock_init(lock, nil)
        precondition(code == 0, "pthread_rwlock_init failed with \(code)")
    }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    package func lockForReading() {
        let code = pthread_rwlock_rdlock(lock)
        precondition(code == 0, "pthread_rwlock_rdlock failed with \(code)")
    }

    /// Answers false, at once, if a writer holds it. One that waits does not count while readers hold it.
    package func tryLockForReading() -> Bool { pthread_rwlock_tryrdlock(lock) == 0 }

    package func lockForWriting() {
        let code = pthread_rwlock_wrlock(lock)
        precondition(code == 0, "pthread_rwlock_wrlock failed with \(code)")
    }

    package func unlock() { pthread_rwlock_unlock(lock) }
}
