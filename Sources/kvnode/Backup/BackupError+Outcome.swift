import Backup
import ObjectStorage

extension BackupError {
    /// What `body` returned or threw.
    static func outcome<R: Sendable>(
        _ body: () async throws(BackupError) -> R
    ) async -> Result<R, BackupError> {
        do throws(BackupError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}

extension ObjectStore {
    /// Closes it, and says how that went.
    func closed() async -> Result<Void, BackupError> {
        do throws(ObjectStoreError) {
            return .success(try await close())
        } catch {
            return .failure(BackupError(.storage, error.message))
        }
    }
}
