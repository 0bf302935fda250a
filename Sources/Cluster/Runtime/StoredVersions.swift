import ClusterCore
import Engine

extension Versions {
    /// The state that a replica stored; what cannot be decoded is damage of the files.
    static func stored(_ bytes: [UInt8]) throws(EngineError) -> Versions {
        do throws(CodecError) {
            return try VersionsCodec.decode(bytes)
        } catch {
            throw EngineError(.corruption, "a stored value cannot be decoded: \(error)")
        }
    }
}

extension ReplicaWriteJob.Rules {
    /// The state that a replica stored; the engine's watch is told if it cannot be decoded. Throws `corruption`.
    func decode(_ bytes: [UInt8]) throws(EngineError) -> Versions {
        do throws(EngineError) {
            return try .stored(bytes)
        } catch {
            watch.readFailed(error)
            throw error
        }
    }
}
