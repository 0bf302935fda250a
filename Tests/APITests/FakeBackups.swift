import API
import Synchronization

/// Backups that end when the test says so.
final class FakeBackups: BackupControl {
    private let state = Mutex(BackupReport(node: "n1", members: ["n1", "n2"]))

    var backup: BackupReport {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    func beginBackup(_ id: String, to place: String) throws(BackupRefusal) {
        if id == "" { throw .invalid("no name") }
        let refusal = state.withLock { report -> BackupRefusal? in
            if report.state == .running { return .busy(report.id) }
            report.state = .running
            report.id = id
            report.place = place
            return nil
        }
        if let refusal { throw refusal }
    }

    func cancelBackup() { state.withLock { $0.state = .cancelled } }
}
