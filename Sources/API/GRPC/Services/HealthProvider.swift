import Cluster
import GRPCCore
import Messages
import SwiftProtobuf

/// `grpc.health.v1.Health`: serving while the store is ready, for the server as a whole and for each of its
/// services.
///
/// The store says whether it is ready only when asked, so `watch` asks at an interval: a change is reported
/// that much later at most.
struct HealthProvider: Sendable {
    let service: any KeyValueService
    let interval: Duration

    private static let names: Set<String> = [
        "", Kvnode_V1_KeyValue.descriptor.fullyQualifiedService,
        Kvnode_V1_Cluster.descriptor.fullyQualifiedService,
        Grpc_Health_V1_Health.descriptor.fullyQualifiedService,
    ]

    func add(to table: inout MethodTable) {
        typealias Method = Grpc_Health_V1_Health.Method
        table.add(Method.Check.descriptor.fullyQualifiedMethod, .control(ControlMethod(check)))
        table.add(Method.Watch.descriptor.fullyQualifiedMethod, .control(ControlMethod(watch: watch)))
    }

    @Sendable private func check(
        _ request: Grpc_Health_V1_HealthCheckRequest
    ) async throws -> Grpc_Health_V1_HealthCheckResponse {
        guard Self.names.contains(request.service) else {
            throw GRPCFailure(.notFound, "this server has no service \"\(request.service)\"")
        }
        return status
    }

    @Sendable private func watch(
        _ request: Grpc_Health_V1_HealthCheckRequest,
        _ send: (Grpc_Health_V1_HealthCheckResponse) async throws -> Void
    ) async throws {
        let isKnown = Self.names.contains(request.service)
        var last: Grpc_Health_V1_HealthCheckResponse?
        while true {
            let now = isKnown ? status : .with { $0.status = .serviceUnknown }
            if now != last { try await send(now) }
            last = now
            // Throws when the call ends, or the server shuts down.
            try await Task.sleep(for: interval)
        }
    }

    private var status: Grpc_Health_V1_HealthCheckResponse {
        .with { $0.status = service.isReady ? .serving : .notServing }
    }
}
