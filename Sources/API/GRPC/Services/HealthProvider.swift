import Cluster
import GRPCCore
import SwiftProtobuf

/// `grpc.health.v1.Health`: serving while the store is ready, for the server as a whole and for each of its
/// services.
///
/// The store says whether it is ready only when asked, so `watch` asks at an interval: a change is reported
/// that much later at most.
struct HealthProvider: Grpc_Health_V1_Health.SimpleServiceProtocol {
    let service: any KeyValueService
    let interval: Duration

    private static let names: Set<String> = [
        "", Kvnode_V1_KeyValue.descriptor.fullyQualifiedService,
        Kvnode_V1_Cluster.descriptor.fullyQualifiedService,
        Grpc_Health_V1_Health.descriptor.fullyQualifiedService,
    ]

    func check(
        request: Grpc_Health_V1_HealthCheckRequest, context: ServerContext
    ) async throws -> Grpc_Health_V1_HealthCheckResponse {
        guard Self.names.contains(request.service) else {
            throw RPCError(code: .notFound, message: "this server has no service \"\(request.service)\"")
        }
        return status
    }

    func watch(
        request: Grpc_Health_V1_HealthCheckRequest, response: RPCWriter<Grpc_Health_V1_HealthCheckResponse>,
        context: ServerContext
    ) async throws {
        let isKnown = Self.names.contains(request.service)
        // Ends with the call, or when the server shuts down.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await context.cancellation.cancelled }
            group.addTask {
                var last: Grpc_Health_V1_HealthCheckResponse?
                while !Task.isCancelled {
                    let now = isKnown ? status : .with { $0.status = .serviceUnknown }
                    if now != last { try await response.write(now) }
                    last = now
                    try await Task.sleep(for: interval)
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private var status: Grpc_Health_V1_HealthCheckResponse {
        .with { $0.status = service.isReady ? .serving : .notServing }
    }
}
