import Cluster
import ClusterCore
import GRPCCore
import Messages
import SwiftProtobuf

/// `kvnode.v1.Backup`.
struct BackupProvider: Sendable {
    let service: any LayoutService & RestoreService
    let backups: any BackupControl

    func add(to table: inout MethodTable) {
        typealias Method = Kvnode_V1_Backup.Method
        table.add(Method.Begin.descriptor.fullyQualifiedMethod, .control(ControlMethod(begin)))
        table.add(Method.GetStatus.descriptor.fullyQualifiedMethod, .control(ControlMethod(status)))
        table.add(Method.Cancel.descriptor.fullyQualifiedMethod, .control(ControlMethod(cancel)))
        table.add(Method.BeginRestore.descriptor.fullyQualifiedMethod, .control(ControlMethod(beginRestore)))
        table.add(Method.RestoreRows.descriptor.fullyQualifiedMethod, .control(ControlMethod(restore)))
    }

    @Sendable private func begin(
        _ request: Kvnode_V1_BeginBackupRequest
    ) async throws -> Kvnode_V1_BackupStatus {
        do throws(BackupRefusal) {
            try backups.beginBackup(request.id, to: request.to)
        } catch {
            throw ClusterFailure(error)
        }
        return Kvnode_V1_BackupStatus(backups.backup)
    }

    @Sendable private func status(
        _ request: Kvnode_V1_GetBackupStatusRequest
    ) async throws -> Kvnode_V1_BackupStatus {
        Kvnode_V1_BackupStatus(backups.backup)
    }

    @Sendable private func cancel(
        _ request: Kvnode_V1_CancelBackupRequest
    ) async throws -> Kvnode_V1_BackupStatus {
        backups.cancelBackup()
        return Kvnode_V1_BackupStatus(backups.backup)
    }

    @Sendable private func beginRestore(
        _ request: Kvnode_V1_BeginRestoreRequest
    ) async throws -> Kvnode_V1_BeginRestoreResponse {
        let result: Result<[String], RequestError> = await withCheckedContinuation { continuation in
            service.heldBuckets(request.buckets) { continuation.resume(returning: $0) }
        }
        let held = try result.get()
        return .with {
            $0.cluster = service.status.cluster
            $0.held = held
        }
    }

    @Sendable private func restore(
        _ request: Kvnode_V1_RestoreRowsRequest
    ) async throws -> Kvnode_V1_RestoreRowsResponse {
        let rows = request.rows.map {
            RestoredRow(bucket: $0.bucket, key: Array($0.key), state: Array($0.state))
        }
        let result: Result<Void, RequestError> = await withCheckedContinuation { continuation in
            service.restore(rows) { continuation.resume(returning: $0) }
        }
        try result.get()
        return Kvnode_V1_RestoreRowsResponse()
    }
}

extension Kvnode_V1_BackupStatus {
    init(_ report: BackupReport) {
        self.init()
        node = report.node
        members = report.members
        id = report.id
        to = report.place
        partitions = UInt32(report.partitions)
        partitionsDone = UInt32(report.partitionsDone)
        rows = UInt64(report.rows)
        bytes = UInt64(report.bytes)
        sentBytes = UInt64(report.sentBytes)
        beganMs = report.beganMillis
        endedMs = report.endedMillis
        switch report.state {
        case .none: state = .none
        case .running: state = .running
        case .done: state = .done
        case .failed(let reason, let text):
            state = .failed
            self.reason = reason
            error = text
        case .cancelled: state = .cancelled
        }
    }
}

extension ClusterFailure {
    fileprivate init(_ refusal: BackupRefusal) {
        switch refusal {
        case .busy(let id):
            self.init(.failedPrecondition, "busy", "the node is at backup \(id)")
        case .invalid(let message): self = .invalid(message)
        case .shuttingDown: self.init(.unavailable, "shutting_down", "the node is shutting down")
        }
    }
}
