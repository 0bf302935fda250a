import API
import Cluster
import ClusterCore
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Messages
import SwiftProtobuf
import Testing

@Suite("gRPC: the operator's service for backups")
struct BackupServiceTests {
    typealias Client = Kvnode_V1_Backup.Client<HTTP2ClientTransport.Posix>

    private func withBackups(_ body: (Client, FakeBackups, FakeService) async throws -> Void) async throws {
        let backups = FakeBackups()
        try await GRPCServerTests().withServer(backups: backups) { client, service, _ in
            try await body(Client(wrapping: client), backups, service)
        }
    }

    private func reason(_ error: RPCError?) -> String? {
        error?.metadata[stringValues: "kvnode-reason"].first { _ in true }
    }

    @Test("a backup is begun, told of and ended")
    func backup() async throws {
        try await withBackups { client, backups, _ in
            #expect(try await client.getStatus(.init()).state == .none)
            let begun = try await client.begin(
                .with {
                    $0.id = "one"
                    $0.to = "file:///x"
                })
            #expect(begun.state == .running && begun.id == "one" && begun.to == "file:///x")
            #expect(begun.node == "n1" && begun.members == ["n1", "n2"])
            let busy = await #expect(throws: RPCError.self) {
                _ = try await client.begin(.with { $0.id = "two" })
            }
            #expect(busy?.code == .failedPrecondition && self.reason(busy) == "busy")
            var report = backups.backup
            report.state = .failed(reason: "storage", "no room")
            report.partitions = 8
            report.partitionsDone = 3
            report.rows = 5
            report.bytes = 50
            report.sentBytes = 20
            report.beganMillis = 1
            report.endedMillis = 2
            backups.backup = report
            let failed = try await client.getStatus(.init())
            #expect(failed.state == .failed && failed.reason == "storage" && failed.error == "no room")
            #expect(failed.partitions == 8 && failed.partitionsDone == 3 && failed.rows == 5)
            #expect(
                failed.bytes == 50 && failed.sentBytes == 20 && failed.beganMs == 1 && failed.endedMs == 2)
            #expect(try await client.cancel(.init()).state == .cancelled)
        }
    }

    @Test("a name that is none is refused")
    func refusal() async throws {
        try await withBackups { client, _, _ in
            let error = await #expect(throws: RPCError.self) { _ = try await client.begin(.init()) }
            #expect(error?.code == .invalidArgument && self.reason(error) == "invalid_argument")
        }
    }

    @Test("rows come to the store as they are, and its refusal to the client")
    func rows() async throws {
        try await withBackups { client, _, service in
            #expect(try await client.beginRestore(.with { $0.id = "one" }).cluster == service.status.cluster)
            let request = Kvnode_V1_RestoreRowsRequest.with {
                $0.rows = [
                    .with {
                        $0.bucket = "b"
                        $0.key = Data([0, 1])
                        $0.state = Data([2])
                    }
                ]
            }
            _ = try await client.restoreRows(request)
            #expect(service.restored.map(\.bucket) == ["b"] && service.restored[0].key == [0, 1])
            #expect(service.restored[0].state == [2])
            #expect(try await client.beginRestore(.with { $0.buckets = ["a", "b"] }).held == ["b"])
            service.restoreFailure = RequestError(.noSpace, "full")
            let error = await #expect(throws: RPCError.self) { _ = try await client.restoreRows(request) }
            #expect(error?.code == .resourceExhausted && self.reason(error) == "no_space")
        }
    }
}
