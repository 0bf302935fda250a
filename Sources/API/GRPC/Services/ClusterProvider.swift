import Cluster
import ClusterCore
import GRPCCore
import Messages
import SwiftProtobuf

/// `kvnode.v1.Cluster` over a `LayoutService` and an `InspectionService`.
struct ClusterProvider: Sendable {
    let service: any LayoutService & InspectionService
    /// What this node is, as the others know from its hello.
    let engine: String
    let softwareVersion: String
    let levels: any LogLevelControl

    func add(to table: inout MethodTable) {
        typealias Method = Kvnode_V1_Cluster.Method
        table.add(Method.Status.descriptor.fullyQualifiedMethod, .control(ControlMethod(status)))
        table.add(Method.Plan.descriptor.fullyQualifiedMethod, .control(ControlMethod(plan)))
        table.add(Method.Stage.descriptor.fullyQualifiedMethod, .control(ControlMethod(stage)))
        table.add(Method.Unstage.descriptor.fullyQualifiedMethod, .control(ControlMethod(unstage)))
        table.add(Method.Commit.descriptor.fullyQualifiedMethod, .control(ControlMethod(commit)))
        table.add(Method.DeclareLost.descriptor.fullyQualifiedMethod, .control(ControlMethod(declareLost)))
        table.add(Method.Ring.descriptor.fullyQualifiedMethod, .control(ControlMethod(ring)))
        table.add(Method.ListBuckets.descriptor.fullyQualifiedMethod, .control(ControlMethod(listBuckets)))
    }

    @Sendable private func status(
        _ request: Kvnode_V1_StatusRequest
    ) async throws -> Kvnode_V1_ClusterStatus {
        var status = Kvnode_V1_ClusterStatus(
            service.status, engine: engine, softwareVersion: softwareVersion)
        status.changedLogLevels = levels.logLevels.loggers.filter(\.isChanged).map(Kvnode_V1_LoggerLevel.init)
        return status
    }

    @Sendable private func plan(
        _ request: Kvnode_V1_PlanRequest
    ) async throws -> Kvnode_V1_LayoutPlan {
        try await answer { history throws(ClusterFailure) in
            do throws(LayoutChangeError) {
                return Kvnode_V1_LayoutPlan(try history.plan())
            } catch {
                throw ClusterFailure(.refused(error), names: [], history: history)
            }
        }
    }

    @Sendable private func stage(
        _ request: Kvnode_V1_StageRequest
    ) async throws -> Kvnode_V1_StageResponse {
        let change = try await answer { history throws(ClusterFailure) in try request.roleChange(history) }
        return try await self.change(request.names) { (history, node) throws(LayoutChangeError) in
            try history.stage(change, by: node)
            return .with { $0.staged = history.stagedRoles }
        }
    }

    @Sendable private func unstage(
        _ request: Kvnode_V1_UnstageRequest
    ) async throws -> Kvnode_V1_UnstageResponse {
        try await change([request.node]) { (history, node) throws(LayoutChangeError) in
            let changed = history.unstage(NodeID(name: request.node), by: node)
            return .with {
                $0.changed = changed
                $0.staged = history.stagedRoles
            }
        }
    }

    @Sendable private func commit(
        _ request: Kvnode_V1_CommitRequest
    ) async throws -> Kvnode_V1_CommitResponse {
        try await change([]) { (history, node) throws(LayoutChangeError) in
            let plan = try history.commit(by: node, expecting: request.expectedVersion)
            return .with { $0.plan = Kvnode_V1_LayoutPlan(plan) }
        }
    }

    @Sendable private func declareLost(
        _ request: Kvnode_V1_DeclareLostRequest
    ) async throws -> Kvnode_V1_DeclareLostResponse {
        let member = service.status.members.first { $0.member.name == request.node }
        if member?.isConnected == true, !request.force {
            throw ClusterFailure(
                .failedPrecondition, "is_connected",
                "'\(request.node)' lives, this node is connected to it; have it leave, or force the declaration"
            )
        }
        return try await change([request.node]) { (history, _) throws(LayoutChangeError) in
            let changed = try history.declareLost(NodeID(name: request.node), force: request.force)
            return .with { $0.changed = changed }
        }
    }

    @Sendable private func ring(
        _ request: Kvnode_V1_RingRequest
    ) async throws -> Kvnode_V1_RingResponse {
        var response = try await answer { history throws(ClusterFailure) in
            Kvnode_V1_RingResponse(partition: try request.partition(of: history.current), history)
        }
        if request.withHoldings {
            guard case .key(let place) = request.place else {
                throw ClusterFailure.invalid("what replicas hold is asked of a key, not of a partition")
            }
            let holdings = try await holdings(place)
            let history = service.layouts
            response.holdings = holdings.map { Kvnode_V1_KeyHolding($0, history) }
        }
        return response
    }

    private func holdings(_ place: Kvnode_V1_RingRequest.BucketKey) async throws -> [KeyHolding] {
        try await withCheckedThrowingContinuation { continuation in
            service.holdings(ofBucket: place.bucket, key: Array(place.key)) { continuation.resume(with: $0) }
        }
    }

    @Sendable private func listBuckets(
        _ request: Kvnode_V1_ListBucketsRequest
    ) async throws -> Kvnode_V1_ListBucketsResponse {
        .with {
            $0.buckets = service.bucketsWithProperties.map { bucket in
                .with {
                    $0.name = bucket.name
                    $0.properties = Kvnode_V1_BucketProperties(bucket.properties)
                }
            }
        }
    }

    // MARK: -

    /// What `body` says of the layouts, once this node knows any.
    private func answer<Answer>(
        _ body: (LayoutHistory) throws(ClusterFailure) -> Answer
    ) async throws -> Answer {
        let history = service.layouts
        do throws(ClusterFailure) {
            guard history.current.version > 0 else {
                throw ClusterFailure(
                    .failedPrecondition, "no_layout",
                    "this node joins and has not heard of the cluster's layout yet; ask a member")
            }
            return try body(history)
        } catch {
            throw error
        }
    }

    /// Changes the layouts; answers when that is stored.
    ///
    /// - Parameter names: Those in the request that have to be members'.
    private func change<Answer: Sendable>(
        _ names: [String],
        _ body: @escaping @Sendable (inout LayoutHistory, NodeID) throws(LayoutChangeError) -> Answer
    ) async throws -> Answer {
        let history = try await answer { history throws(ClusterFailure) in history }
        let result: Result<Answer, LayoutFailure> = await withCheckedContinuation { continuation in
            service.changeLayouts(body) { continuation.resume(returning: $0) }
        }
        do throws(LayoutFailure) {
            return try result.get()
        } catch {
            throw ClusterFailure(error, names: names, history: history)
        }
    }
}

extension Kvnode_V1_RingRequest {
    fileprivate func partition(of layout: Layout) throws(ClusterFailure) -> Int {
        switch place {
        case .partition(let number):
            guard number < layout.partitionCount else {
                throw .invalid(
                    "there is no partition \(number); they are 0 to \(layout.partitionCount - 1)")
            }
            return Int(number)
        case .key(let place):
            guard KeyLimits.accepts(bucket: place.bucket), KeyLimits.accepts(key: Array(place.key)) else {
                throw .invalid(
                    "a bucket's name has 1 to \(KeyLimits.maxBucketSize) bytes and a key 1 to "
                        + "\(KeyLimits.maxKeySize), these have \(place.bucket.utf8.count) and \(place.key.count)"
                )
            }
            return StorageKey(
                bucket: place.bucket, key: Array(place.key), partitionCount: layout.partitionCount
            ).partition
        case nil: throw .invalid("the request names neither a partition nor a key")
        }
    }
}
