import ClusterCore
import Engine
import Foundation
import Glibc
import NIOCore
import NIOPosix
import ObjectStorage

/// How far a backup has come.
public struct BackupProgress: Equatable, Sendable {
    /// Of the node's partitions.
    public var partitions = 0
    public var partitionsDone = 0
    public var rows = 0
    /// Of keys and states.
    public var bytes = 0
    /// Of packs and indexes.
    public var sentBytes = 0

    public init() {}
}

/// Backs up what a node has, while it serves.
///
/// Each partition is read at one moment of its own: keys promise each other nothing, so that no moment of the whole is of any
/// use, and a snapshot that lasts for minutes keeps an engine from using its space again.
///
/// A backup that was ended goes on where it was with the same name: partitions whose index is there are not read again.
public struct NodeBackup: Sendable {
    public let id: String
    private let archive: Archive
    private let source: BackupSource
    private let settings: BackupSettings
    /// One thread, which blocks on the engine and on the storage.
    private let thread: NIOThreadPool
    private let loop: any EventLoop

    /// Whether a backup can be called so.
    public static func accepts(id: String) -> Bool { ArchiveNames.accepts(id) }

    public static let nameRule =
        "a backup's name has 1 to 200 of the characters A-Z a-z 0-9 - _ ., the first not a dot"

    /// - Parameters:
    ///   - id: What the backup is called, see `accepts(id:)`.
    ///   - thread: A pool that is started, of one thread that nothing else needs; it gets the scheduling policy `SCHED_IDLE`.
    ///   - loop: Where what the thread waits for runs.
    /// - Throws: `BackupError` for another name.
    public init(
        _ id: String, of source: BackupSource, to archive: Archive, settings: BackupSettings,
        thread: NIOThreadPool, loop: any EventLoop
    ) throws(BackupError) {
        guard Self.accepts(id: id) else { throw BackupError(.failed, Self.nameRule) }
        self.id = id
        self.archive = archive
        self.source = source
        self.settings = settings
        self.thread = thread
        self.loop = loop
    }

    /// Ends when all is stored, and throws `cancelled` soon after its task was cancelled.
    ///
    /// - Parameter report: Called after each partition.
    public func run(
        _ report: @escaping @Sendable (BackupProgress) -> Void
    ) async throws(BackupError) -> Manifest {
        if try await archive.read(ArchiveNames.manifest(of: id, source.node)) != nil {
            throw BackupError(.occupied, "node \(source.node) has its part in backup \(id) already")
        }
        let pace = Pace(bytesPerSecond: settings.maxBytesPerSecond)
        let outcome = await withTaskCancellationHandler { () async -> Result<Manifest, BackupError> in
            do throws(BackupError) {
                return .success(try await run(pace, report))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            pace.cancel()
        }
        return try outcome.get()
    }

    private func run(
        _ pace: Pace, _ report: @Sendable (BackupProgress) -> Void
    ) async throws(BackupError) -> Manifest {
        let began = try await began()
        let earlier = try await archive.newest(of: source.node)?.backup
        var progress = BackupProgress()
        progress.partitions = source.partitionCount
        report(progress)
        var sections: [Manifest.Section] = []
        for section in source.partitions.map(ArchiveNames.Section.partition) + [.hints] {
            try pace.check()
            let done = try await backUp(section, after: earlier, pace)
            sections.append(done)
            progress.rows += done.rows
            progress.bytes += done.bytes
            progress.sentBytes += done.sentBytes
            if section != .hints { progress.partitionsDone += 1 }
            report(progress)
        }
        try await archive.confirm()
        let manifest = manifest(sections, began: began)
        try await archive.write(ArchiveNames.manifest(of: id, source.node), try manifest.encoded())
        return manifest
    }

    /// When the node began, by its clock: the first time, if it was ended and goes on, as some of it is as old.
    private func began() async throws(BackupError) -> UInt64 {
        let name = ArchiveNames.begun(id, source.node)
        if let bytes = try await archive.read(name) {
            guard let millis = UInt64(String(decoding: bytes, as: UTF8.self)) else {
                throw BackupError(.damaged, "\(name) in \(archive.store.location) is no time")
            }
            return millis
        }
        let now = source.wallMillis()
        try await archive.write(name, Array("\(now)".utf8))
        return now
    }

    private func manifest(_ sections: [Manifest.Section], began: UInt64) -> Manifest {
        var buckets = ByteWriter()
        source.buckets.encode(into: &buckets)
        return Manifest(
            format: Manifest.currentFormat, backup: id, cluster: source.cluster, node: source.node,
            software: source.software, engine: source.engineName, beganMillis: began,
            endedMillis: source.wallMillis(), actor: String(source.actor, radix: 16),
            partitions: source.partitionCount, members: source.layout.current.members.map(\.name),
            layout: Data(source.layout.encoded()), buckets: Data(buckets.bytes),
            sections: sections.sorted { ($0.partition ?? .max) < ($1.partition ?? .max) })
    }

    // MARK: One partition

    /// - Parameter earlier: The node's last backup, whose blocks need not be sent again.
    private func backUp(
        _ section: ArchiveNames.Section, after earlier: String?, _ pace: Pace
    ) async throws(BackupError) -> Manifest.Section {
        if let done = try await archive.reference(of: id, source.node, section) {
            return Manifest.Section(
                section, try await archive.index(done, of: section), done, SectionWriter.Counts())
        }
        let known = try await known(section, earlier)
        var (index, counts) = try await read(section, known.blocks, pace)
        let bytes = index.encoded()
        let fingerprint = Fingerprint(of: bytes)
        if !known.indexes.contains(fingerprint) {
            try await archive.write(ArchiveNames.index(fingerprint, of: section), bytes)
            counts.sentBytes += bytes.count
        }
        try await archive.write(
            ArchiveNames.reference(of: id, source.node, section), Array(fingerprint.hex.utf8))
        return Manifest.Section(section, index, fingerprint, counts)
    }

    /// What need not be sent: what other replicas have sent this time, and the node's own blocks of last time. In this order, so
    /// that replicas that have the same come to the same index.
    private func known(
        _ section: ArchiveNames.Section, _ earlier: String?
    ) async throws(BackupError) -> (blocks: KnownBlocks, indexes: Set<Fingerprint>) {
        var references: [Fingerprint] = []
        if case .partition(let partition) = section {
            for other in source.others(ofPartition: partition) {
                if let found = try await archive.reference(of: id, other, section) {
                    references.append(found)
                }
            }
        }
        if let earlier, let own = try await archive.reference(of: earlier, source.node, section) {
            references.append(own)
        }
        if references.isEmpty { return (KnownBlocks(packs: [:]), []) }
        let packs = try await archive.packs(of: section)
        var known = KnownBlocks(packs: packs)
        var indexes: Set<Fingerprint> = []
        for reference in references {
            // What cannot be read is of no use, and no hindrance: all of it is sent again.
            guard let index = try await archive.readableIndex(reference, of: section) else { continue }
            known.add(index)
            indexes.insert(reference)
        }
        return (known, indexes)
    }

    private func read(
        _ section: ArchiveNames.Section, _ known: KnownBlocks, _ pace: Pace
    ) async throws(BackupError) -> (PartitionIndex, SectionWriter.Counts) {
        let (archive, engine, settings, loop) = (archive, source.engine, settings, loop)
        let result: Result<(PartitionIndex, SectionWriter.Counts), BackupError>
        do {
            result = try await thread.runIfActive {
                Self.yieldToOthers()
                do throws(BackupError) {
                    var writer = SectionWriter(section, settings: settings, known: known) {
                        (name, bytes) throws(BackupError) in
                        try pace.check()
                        // Packs are sealed frame by frame.
                        try loop.blockingResult { () async throws(BackupError) in
                            try await archive.store.write(name, bytes)
                        }
                    }
                    let reading = SectionReading(section: section, engine: engine) {
                        (bytes) throws(BackupError) in try pace.take(bytes)
                    }
                    let index = try reading.run(&writer)
                    return .success((index, writer.counts))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw BackupError(.cancelled, "the node is ending")
        }
        return try result.get()
    }
}

extension NodeBackup {
    /// `SCHED_IDLE`, which the C library names only for programs that ask for all of GNU's (sched(7)).
    private static let idlePolicy: Int32 = 5

    /// Has the calling thread give way to any other thread of the process at once, and run where none wants to. The lowest niceness
    /// does not: a thread of it keeps a processor for milliseconds when another wakes up. Where it is refused, all the work is done all the same.
    fileprivate static func yieldToOthers() {
        var parameters = sched_param()
        _ = sched_setscheduler(0, idlePolicy, &parameters)
    }
}

extension EventLoop {
    /// Waits for what is asynchronous, on a thread that may block.
    fileprivate func blockingResult(
        _ body: @escaping @Sendable () async throws(BackupError) -> Void
    ) throws(BackupError) {
        let future = makeFutureWithTask { () async -> Result<Void, BackupError> in
            do throws(BackupError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        let outcome: Result<Void, BackupError>
        do {
            outcome = try future.wait()
        } catch {
            throw BackupError(.cancelled, "the node is ending: \(error)")
        }
        try outcome.get()
    }
}

extension Manifest.Section {
    init(
        _ section: ArchiveNames.Section, _ index: PartitionIndex, _ fingerprint: Fingerprint,
        _ counts: SectionWriter.Counts
    ) {
        partition = if case .partition(let number) = section { number } else { nil }
        self.index = fingerprint.hex
        rows = index.rows
        bytes = index.bytes
        digest = String(index.digest, radix: 16)
        blocks = index.blocks.count
        newBlocks = counts.newBlocks
        sentBytes = counts.sentBytes
    }

    var section: ArchiveNames.Section { partition.map(ArchiveNames.Section.partition) ?? .hints }
}
