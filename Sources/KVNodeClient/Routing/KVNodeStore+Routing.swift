internal import GRPCCore
internal import Messages
internal import SwiftProtobuf

extension KVNodeStore {
    /// Of nothing the nodes would be asked without a pause.
    private static let leastRoutingInterval = Duration.milliseconds(100)

    /// Keeps in mind where keys lie, until the task is cancelled. With one endpoint there is nothing to choose.
    func keepRouting() async {
        guard links.count > 1 else { return }
        while !Task.isCancelled {
            await refreshRouting()
            await wait(max(Self.leastRoutingInterval, configuration.routingInterval))
        }
    }

    /// Asks each node which it is, and whether the layout has changed. Nodes that don't answer, or are of a version that
    /// doesn't know the question, are asked as any node.
    func refreshRouting() async {
        await withDiscardingTaskGroup { group in
            for index in links.indices {
                group.addTask { await self.learn(from: index) }
            }
        }
    }

    private func learn(from index: Int) async {
        let known = route { $0.table?.version ?? 0 }
        let result: Result<Kvnode_V1_Routing, KVNodeError> = await links[index].send(
            Kvnode_V1_GetRoutingRequest.with { $0.knownVersion = known },
            Kvnode_V1_KeyValue.Method.GetRouting.descriptor, timeout: configuration.routingInterval,
            isAwaited: false)
        switch result {
        case .success(let routing):
            note(nil, of: index)
            route { $0.learned(index, node: routing.node, RoutingTable(routing)) }
        case .failure(let error): note(error, of: index)
        }
    }
}
