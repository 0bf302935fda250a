import Cluster
import Engine
import Foundation

/// Makes a stopped node's damaged files into sound ones that lack what could not be read.
///
/// The steps are called in their order, ``survey(_:)``, ``copy(_:)``, ``verify(_:)``, ``disown(_:)`` and ``commit()``, and the
/// process may end at any point, as with `EngineMigration`: until `commit` renames one file the directory is what it was,
/// and from then on the new files are the node's. The damaged ones are kept.
///
/// What the engine still opens is read past the damage, and its lock keeps nodes away. What it does not open, its module puts
/// together in files of its own first; a node would not open it either. One thread.
final class EngineRepair {
    let directory: DataDirectory
    /// What the directory is to be.
    let goal: DataMarker
    /// Why the engine refuses its files; nil if it does not.
    let refusal: EngineError?
    /// Of the last step that read the damaged files.
    private(set) var outcomes: [EngineSalvage.Outcome] = []

    private let claim: DirectoryClaim
    private let factory: any EngineFactory.Type
    private let options: EngineOptions
    private let source: any StorageEngine
    private var target: (any StorageEngine)?

    private var targetPath: String { DataDirectory.entry(goal.folder, in: directory.path) }
    private var placePath: String { DataDirectory.entry(goal.placeFile, in: directory.path) }

    /// Opens what can be opened, and clears away what earlier attempts have left.
    ///
    /// - Parameters:
    ///   - engines: Those of this build.
    ///   - options: What is configured for an engine.
    /// - Throws: `EngineChangeError`, `ServeError`; then nothing was changed.
    init(
        _ path: String, engines: [any EngineFactory.Type],
        options: (any EngineFactory.Type) throws -> EngineOptions
    ) throws {
        directory = try DataDirectory(existing: path)
        let name = directory.marker.engine
        guard let factory = engines.first(where: { $0.name == name }) else {
            let absence = EngineRegistry.explainAbsence(of: name, among: engines.map { $0.name })
            throw EngineChangeError(.failed, "\(path) holds data of the engine \(name): \(absence)")
        }
        self.factory = factory
        self.options = try options(factory)
        goal = directory.marker.next(engine: name)
        claim = try DirectoryClaim(path)
        do {
            try directory.removeLeftovers()
            (source, refusal) = try Self.open(directory, factory, self.options, beside: goal)
        } catch {
            claim.release()
            throw error
        }
        do {
            try directory.confirm()
            guard source.capabilities.persistent else {
                throw EngineChangeError(.failed, "the engine \(name) keeps nothing on the disk")
            }
        } catch {
            // The first error is the one to tell.
            try? end()
            throw error
        }
    }

    private static func open(
        _ directory: DataDirectory, _ factory: any EngineFactory.Type, _ options: EngineOptions,
        beside goal: DataMarker
    ) throws -> (any StorageEngine, refusal: EngineError?) {
        guard FileManager.default.fileExists(atPath: directory.enginePath) else {
            throw EngineChangeError(
                .failed, "\(directory.enginePath) is gone: start the node without it, its peers fill it")
        }
        let refusal: EngineError
        do throws(EngineError) {
            return (try factory.open(at: directory.enginePath, options: options), nil)
        } catch {
            guard error.isDamage else { throw EngineChangeError(opening: directory, error) }
            refusal = error
        }
        // No marker names it, so that it goes with what else is left over.
        let work = DataDirectory.entry(goal.next(engine: factory.name).folder, in: directory.path)
        do throws(EngineError) {
            try factory.rebuild(from: directory.enginePath, to: work, options: options)
            return (try factory.open(at: work, options: options), refusal)
        } catch {
            try directory.removeLeftovers()
            throw EngineChangeError(rebuilding: directory, error, after: refusal)
        }
    }

    /// Refuses another node's data.
    ///
    /// - Returns: Whether the data says whose it is.
    func check(against configuration: ClusterConfiguration) throws -> Bool {
        do {
            return try NodeState.check(source, against: configuration)
        } catch let error as StartError {
            throw EngineChangeError(.failed, "\(error)")
        } catch let error as EngineError where error.isDamage {
            return false
        }
    }

    /// Reads all, and writes nothing.
    func survey(_ report: @escaping (EngineCopy.Progress) -> Void) throws {
        outcomes = try salvage(report).run(into: nil)
    }

    /// Whether there is anything that a repair would mend.
    var isDamaged: Bool { refusal != nil || !outcomes.allSatisfy(\.isWhole) }

    /// Writes all that can be read into a new folder.
    func copy(_ report: @escaping (EngineCopy.Progress) -> Void) throws {
        let target = try openTarget()
        outcomes = try salvage(report).run(into: target)
        try target.sync()
        try closeTarget()
    }

    /// Reads all rows back, from files that were opened anew.
    func verify(_ report: @escaping (EngineCopy.Progress) -> Void) throws {
        try EngineCopy(from: source, report: report).verify(openTarget(), holds: outcomes.map(\.kept))
    }

    /// Has the copy vouch for nothing, so that its node declares itself lost.
    func disown(_ configuration: ClusterConfiguration) throws {
        guard let target else { preconditionFailure("the copy was not verified") }
        try NodeState.disown(target, of: configuration)
        try DataDirectory.create(placePath)
        try closeTarget()
        try DataDirectory.sync(targetPath)
    }

    /// Makes the copy the node's data.
    func commit() throws {
        try directory.change(to: goal)
        try DataDirectory.sync(directory.path)
    }

    /// Ends it, wherever it is. The end of the process does as well; the next repair removes what this one has made then.
    func close() throws {
        defer { claim.release() }
        try closeEngines()
    }

    /// Ends it, and removes all that it has made but what is the node's data now.
    func end() throws {
        defer { claim.release() }
        try closeEngines()
        // By what ENGINE says now.
        try DataDirectory(existing: directory.path).removeLeftovers()
    }

    private func closeEngines() throws {
        try closeTarget()
        try source.close()
    }

    private func salvage(_ report: @escaping (EngineCopy.Progress) -> Void) -> EngineSalvage {
        EngineSalvage(from: source, accepts: NodeState.accepts, report: report)
    }

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
}
