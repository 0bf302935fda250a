import Dispatch
import Glibc
import Instruments

/// What the system says of the disk that the node's data is on.
struct DiskStatus: Sendable {
    var availableBytes: Double
    var sizeBytes: Double

    /// Asks for the disk of `directory`, on a thread that serves nothing else: where a file system hangs, so does the call. The
    /// answer is nil where the system has none.
    static func inquiry(of directory: String) -> Inquiry<DiskStatus?> {
        let queue = DispatchQueue(label: "disk")
        return Inquiry { whenAnswered in queue.async { whenAnswered(DiskStatus(of: directory)) } }
    }

    private init?(of directory: String) {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return nil }
        let block = Double(status.f_frsize)
        availableBytes = Double(status.f_bavail) * block
        sizeBytes = Double(status.f_blocks) * block
    }
}

/// What is told of that disk.
enum DiskMetrics {
    static let available = MetricDefinition(
        "kvnode_disk_available_bytes", .gauge, unit: .bytes,
        "What the node may still write to the disk of its data directory.")
    static let size = MetricDefinition(
        "kvnode_disk_size_bytes", .gauge, unit: .bytes, "The size of that disk.")
    static let age = MetricDefinition(
        "kvnode_disk_age_seconds", .gauge, unit: .seconds,
        "Since the system has told these two: it grows while the file system hangs.")

    static let definitions = [available, size, age]

    /// Has each reading tell what was answered last; nothing where that was nothing.
    static func collect(_ disk: Inquiry<DiskStatus?>, in registry: MetricRegistry) {
        registry.collect(definitions) { reading in
            guard let last = disk.last, let status = last.answer else { return }
            reading.add(available, status.availableBytes)
            reading.add(size, status.sizeBytes)
            reading.add(age, (.now - last.at) / .seconds(1))
        }
    }
}
