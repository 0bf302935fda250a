import ClusterCore
import Engine
import ObjectStorage

/// Why a backup or a restore was not done, in words for an operator.
public struct BackupError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Equatable, Sendable {
        /// There is no such backup, or an object of it is missing.
        case notFound = "not_found"
        /// What is there is not what was written.
        case damaged
        /// Not all nodes have their part in it.
        case incomplete
        /// The key is none, or not that of the archive.
        case badKey = "bad_key"
        /// The archive is another cluster's, or of another release.
        case foreign
        /// Something is there already that would be mixed up with what comes.
        case occupied
        /// Another backup of the node is under way.
        case busy
        /// The storage of objects refused or failed.
        case storage
        /// The node's engine cannot be read.
        case engine
        case cancelled
        case failed
    }

    public var code: Code
    public var description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    init(_ error: ObjectStoreError) {
        self.init(error.code == .cancelled ? .cancelled : .storage, error.message)
    }

    init(_ error: EngineError) { self.init(.engine, "the node's engine cannot be read: \(error)") }

    init(_ error: CodecError, in object: String) {
        self.init(.damaged, "\(object) cannot be read: \(error)")
    }
}
