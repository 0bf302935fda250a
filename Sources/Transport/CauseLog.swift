import Synchronization

/// Remembers what was last logged about each peer, so that a cause which repeats with every attempt is logged once.
struct CauseLog: ~Copyable, Sendable {
    /// Names come from whoever connects: past this many, all is forgotten rather than kept.
    private static let maxSubjects = 1024

    private let causes = Mutex<[String: String]>([:])

    /// Whether `cause` is news about `subject`.
    func isNews(_ cause: String, about subject: String) -> Bool {
        causes.withLock { causes in
            guard causes[subject] != cause else { return false }
            if causes.count >= Self.maxSubjects { causes.removeAll() }
            causes[subject] = cause
            return true
        }
    }

    /// All is well with `subject`: whatever befalls it next is news.
    func clear(_ subject: String) {
        causes.withLock { _ = $0.removeValue(forKey: subject) }
    }
}
