import Backup
import NIOPosix
import ObjectStorage

/// Opens the places where backups are kept.
struct BackupStores: Sendable {
    var s3: S3Configuration

    /// - Parameters:
    ///   - place: `s3://bucket/prefix` or `file:///path`.
    ///   - environment: Where AWS's variables are.
    /// - Throws: `BackupError` for a place that is none. Whether it is there is for its first use to say.
    func open(_ place: String, environment: [String: String]) throws(BackupError) -> any ObjectStore {
        do throws(ObjectStoreError) {
            switch try ObjectStoreLocation(place) {
            case .file(let path): return try FileObjectStore(path: path)
            case .s3(let bucket, let prefix):
                return try S3ObjectStore(
                    bucket: bucket, prefix: prefix, configuration: s3,
                    environment: AWSEnvironment(variables: environment),
                    group: .singletonMultiThreadedEventLoopGroup)
            }
        } catch {
            throw BackupError(.storage, error.message)
        }
    }
}
