/// How opening treats a damaged record in the write-ahead log.
package enum LogRecovery: Sendable {
    /// Refuses it as `corruption`. A log that only ends within a record opens.
    case strict
    /// Drops what the library must drop to open.
    case dropDamage
}

/// What an engine module holds of a library's open database, behind a ``HandleGate``.
package protocol GatedHandle: AnyObject {
    /// Releases all of it, the directory's lock included.
    func shut()
}

/// Lets calls through to an open database, and replaces it by a freshly opened one after a failed write.
///
/// RocksDB and LevelDB cannot go on after a write that failed, say on a full disk: RocksDB refuses all further writes
/// and its C API has no call to resume, and LevelDB would append behind the torn record, which its recovery then drops
/// together with what was acknowledged after it. Both are sound again once reopened, which the first write does that
/// finds room on the disk. Until then writes fail with the first error, and reads go on.
package final class HandleGate<Handle: GatedHandle>: @unchecked Sendable {
    // Sendable: `state` changes only with `lock` held for writing and is read with it held; `failure` and `isLossNoted`
    // belong to the one thread that writes (the engine's contract); the rest never changes.
    @usableFromInline
    enum State {
        case open(Handle)
        /// Reopening failed after the old handle was given up; the next write tries again.
        case lost(EngineError)
        case closed
    }

    @usableFromInline let lock = ReadWriteLock()
    @usableFromInline var state: State
    private var failure: EngineError?
    private let path: String
    private let spareBytes: UInt64
    private let open: (LogRecovery) throws(EngineError) -> Handle
    private let claim: PathClaim
    private let lossNote: LossNote
    private var isLossNoted: Bool
    /// See ``StorageEngine/hasLostWrites``.
    package let hasLostWrites: Bool

    /// - Parameters:
    ///   - spareBytes: Room that reopening may need on the disk, for what recovery writes.
    ///   - dropsLogDamage: Whether a log that strict recovery refuses is opened without what is damaged.
    ///   - open: Opens the database, now and after failed writes.
    package init(
        path: String, spareBytes: UInt64, dropsLogDamage: Bool,
        open: @escaping (LogRecovery) throws(EngineError) -> Handle
    ) throws(EngineError) {
        self.path = path
        self.spareBytes = spareBytes
        self.open = open
        claim = try PathClaim(path)
        lossNote = LossNote(directory: path)
        do throws(EngineError) {
            let handle = try Self.open(lossNote, dropsLogDamage, open)
            do throws(EngineError) {
                // The libraries sync the files that they have just created, but not all of the names.
                try Files.synchronize(path)
            } catch {
                handle.shut()
                throw error
            }
            state = .open(handle)
        } catch {
            claim.release()
            throw error
        }
        hasLostWrites = lossNote.isLeft
        isLossNoted = hasLostWrites
    }

    /// Strictly if that goes; else, where that is allowed, without what is damaged, once that is noted.
    private static func open(
        _ note: LossNote, _ dropsLogDamage: Bool, _ open: (LogRecovery) throws(EngineError) -> Handle
    ) throws(EngineError) -> Handle {
        do throws(EngineError) {
            return try open(.strict)
        } catch {
            guard dropsLogDamage, error.code == .corruption else { throw error }
        }
        try note.leave()
        return try open(.dropDamage)
    }

    /// On the writing thread, after `batch` was written: forgets a loss that it makes up for.
    package func settleLoss(by batch: WriteBatch, _ durability: Durability) {
        guard isLossNoted, durability == .synced, batch.changes(.meta) else { return }
        lossNote.remove()
        isLossNoted = false
    }

    /// Runs `body` on the open database. Any thread.
    @inlinable
    package func read<R>(_ body: (Handle) throws(EngineError) -> R) throws(EngineError) -> R {
        lock.lockForReading()
        defer { lock.unlock() }
        return try body(try handle())
    }

    /// Like ``read(_:)``, but nil at once if the database is being reopened.
    @inlinable
    package func tryRead<R>(_ body: (Handle) throws(EngineError) -> R?) throws(EngineError) -> R? {
        guard lock.tryLockForReading() else { return nil }
        defer { lock.unlock() }
        return try body(try handle())
    }

    @inlinable
    func handle() throws(EngineError) -> Handle {
        switch state {
        case .open(let handle): return handle
        case .lost(let error): throw error
        case .closed: throw closed
        }
    }

    @usableFromInline var closed: EngineError { .closed(path) }

    /// Runs `body`, which changes the database, on the writing thread; reopens first if an earlier one failed.
    package func write<R>(_ body: (Handle) throws(EngineError) -> R) throws(EngineError) -> R {
        if let failure { try recover(from: failure) }
        do {
            return try read(body)
        } catch {
            if error.code == .io || error.code == .noSpace || error.code == .corruption { failure = error }
            throw error
        }
    }

    private func recover(from failure: EngineError) throws(EngineError) {
        if let free = Files.freeBytes(at: path), free < spareBytes { throw failure }
        lock.lockForWriting()
        defer { lock.unlock() }
        switch state {
        case .open(let handle): handle.shut()
        case .lost: break
        case .closed: throw closed
        }
        do {
            // Damage that appears now would be a loss that nobody is told of before the next start, so it is refused.
            state = .open(try open(.strict))
        } catch {
            state = .lost(error)
            throw error
        }
        self.failure = nil
    }

    package func close() throws(EngineError) {
        lock.lockForWriting()
        defer { lock.unlock() }
        switch state {
        case .open(let handle): handle.shut()
        case .lost: break
        case .closed: throw closed
        }
        state = .closed
        claim.release()
    }
}
