import Cluster
import Engine
import Foundation

/// Changes the storage engine of a stopped node's data.
///
/// The steps are called in their order, ``copy(_:)``, ``verify(_:)``, ``handOver()`` and ``commit()``, and the process
/// may end at any point: until `commit` renames one file, the directory is wholly the old engine's, whose files nothing
/// has changed, and from then on it is wholly the new one's. What an attempt that did not come to its end has left is
/// named by nothing, and the next attempt removes it (docs/architecture.md has the table).
///
/// Holds the old engine, and so its lock, from the beginning to the end: no node runs meanwhile. One thread.
final class EngineMigration {
    let directory: DataDirectory
    /// What the directory is to be.
    let goal: DataMarker

    private let claim: DirectoryClaim
    private let factory: any EngineFactory.Type
    private let options: EngineOptions
    private let source: any StorageEngine
    private var target: (any StorageEngine)?
    private(set) var digests: [KeyspaceDigest] = []

    private var targetPath: String { DataDirectory.entry(goal.folder, in: directory.path) }
    private var placePath: String { DataDirectory.entry(goal.placeFile, in: directory.path) }

    /// Opens the data as it is, and clears away what earlier attempts have left.
    ///
    /// - Parameters:
    ///   - factory: The engine that it is to have.
    ///   - engines: Those of this build.
    ///   - options: What is configured for an engine.
    /// - Throws: `EngineChangeError`, `ServeError`; then nothing was changed.
    init(
        _ path: String, to factory: any EngineFactory.Type, engines: [any EngineFactory.Type],
        options: (any EngineFactory.Type) throws -> EngineOptions
    ) throws {
        directory = try DataDirectory(existing: path)
        self.factory = factory
        self.options = try options(factory)
        goal = directory.marker.next(engine: factory.name)
        claim = try DirectoryClaim(path)
        do {
            source = try Self.openSource(directory, unless: factory.name, engines, options)
        } catch {
            claim.release()
            throw error
        }
        do {
            try directory.confirm()
            try directory.removeLeftovers()
        } catch {
            // The first error is the one to tell.
            try? close()
            throw error
        }
    }

    private static func openSource(
        _ directory: DataDirectory, unless target: String, _ engines: [any EngineFactory.Type],
        _ options: (any EngineFactory.Type) throws -> EngineOptions
    ) throws -> any StorageEngine {
        let (path, present) = (directory.path, directory.marker.engine)
        guard present != target else {
            throw EngineChangeError(.nothingToDo, "the data in \(path) is the engine \(present)'s already")
        }
        guard let factory = engines.first(where: { $0.name == present }) else {
            let absence = EngineRegistry.explainAbsence(of: present, among: engines.map { $0.name })
            throw EngineChangeError(.failed, "\(path) holds data of the engine \(present): \(absence)")
        }
        do {
            return try factory.open(at: directory.enginePath, options: options(factory))
        } catch let error as EngineError {
            throw EngineChangeError(opening: directory, error)
        }
    }

    /// Refuses another node's data.
    func check(against configuration: ClusterConfiguration) throws {
        do {
            try NodeState.check(source, against: configuration)
        } catch let error as StartError {
            throw EngineChangeError(.failed, "\(error)")
        }
    }

    /// Writes all rows into a new folder.
    func copy(_ report: @escaping (EngineCopy.Progress) -> Void) throws {
        let target = try openTarget()
        for (engine, name) in [(source, directory.marker.engine), (target, factory.name)] {
            guard engine.capabilities.persistent else {
                throw EngineChangeError(.failed, "the engine \(name) keeps nothing on the disk")
            }
        }
        digests = try EngineCopy(from: source, report: report).copy(to: target)
        try target.sync()
        try closeTarget()
    }

    /// Reads all rows back, from files that were opened anew.
    func verify(_ report: @escaping (EngineCopy.Progress) -> Void) throws {
        try EngineCopy(from: source, report: report).verify(openTarget(), holds: digests)
    }

    /// Has the copy count for as much as the original does, in the place that it has got now.
    ///
    /// - Returns: Whether the original would be taken for what its node left there.
    func handOver() throws -> Bool {
        guard let target else { preconditionFailure("the copy was not verified") }
        try DataDirectory.create(placePath)
        let counts = try NodeState.handOver(
            from: source, in: directory.identifier, to: target,
            in: DataDirectory.identifier(of: placePath))
        try closeTarget()
        try DataDirectory.sync(targetPath)
        return counts
    }

    /// Makes the copy the node's data.
    func commit() throws {
        try directory.change(to: goal)
        // The old files' place: they are no original any more, should anybody name them in ENGINE by hand.
        try directory.tidy(after: goal)
    }

    /// Ends it, wherever it is. The end of the process does as well.
    func close() throws {
        defer { claim.release() }
        try closeTarget()
        try source.close()
    }

    /// Ends it after a step has failed, and removes the copy unless that is the node's data already.
    func abandon() throws {
        try closeTarget()
        // By what ENGINE says now.
        try DataDirectory(existing: directory.path).removeLeftovers()
        try close()
    }

    // MARK: Files

    private func openTarget() throws -> any StorageEngine {
        let opened = try factory.open(at: targetPath, options: options)
        target = opened
        return opened
    }

    private func closeTarget() throws {
        let open = target
        target = nil
        try open?.close()
    }

    /// Removes what earlier engines have left in the directory, and what attempts have. A node may run on it.
    ///
    /// - Returns: The folders that were kept.
    static func removeOld(in path: String) throws -> [String] {
        let claim = try DirectoryClaim(path)
        defer { claim.release() }
        let directory = try DataDirectory(existing: path)
        try directory.removeLeftovers()
        let kept = directory.marker.kept.map { DataDirectory.entry($0, in: path) }
        if kept.isEmpty { return [] }
        for folder in kept where FileManager.default.fileExists(atPath: folder) {
            try FileManager.default.removeItem(atPath: folder)
        }
        var marker = directory.marker
        marker.kept = []
        let file = DataDirectory.entry(DataMarker.fileName, in: path)
        try Data(marker.text.utf8).write(to: URL(filePath: file), options: .atomic)
        try DataDirectory.sync(file)
        try DataDirectory.sync(path)
        return kept
    }
}
