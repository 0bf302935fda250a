import ClusterCore
import Engine
import Logging
import Testing

@testable import kvnode

@Suite struct DevPlanTests {
    private static let available = ["rocksdb", "lmdb", "memory"]

    private func plan(_ change: (inout DevPlan.Request) -> Void = { _ in }) throws -> DevPlan {
        var request = DevPlan.Request(engines: ["memory"], directory: "/tmp/a \"dir\"")
        change(&request)
        return try DevPlan(request, available: Self.available)
    }

    @Test func nodesHaveTheirPortsAndDirectories() throws {
        let plan = try plan { $0.engines = ["rocksdb", "lmdb"] }
        #expect(plan.nodes.map(\.name) == ["node0", "node1"])
        #expect(plan.nodes.map(\.engine) == ["rocksdb", "lmdb"])
        #expect(plan.nodes.map(\.grpc.port) == [7400, 7410])
        #expect(plan.nodes.map(\.peer.port) == [7401, 7411])
        #expect(plan.nodes.map(\.http.port) == [7402, 7412])
        #expect(plan.nodes.map(\.resp.port) == [7403, 7413])
        #expect(plan.nodes[1].configurationFile == "/tmp/a \"dir\"/node1/kvnode.yaml")
        #expect(plan.table.contains("node1  lmdb     127.0.0.1:7410  127.0.0.1:7411  http://127.0.0.1:7412"))
    }

    @Test func oneEngineServesAllNodesAndThreeIsTheDefault() throws {
        #expect(try plan().nodes.count == 3)
        #expect(try plan { $0.nodes = 5 }.nodes.map(\.engine) == Array(repeating: "memory", count: 5))
    }

    @Test func theFilesAreValidConfigurations() throws {
        let plan = try plan {
            $0.basePort = 9000
            $0.durability = "synced"
            $0.replication = 2
            $0.logLevel = "debug"
        }
        for node in plan.nodes {
            let file = try ConfigurationFile(path: node.configurationFile, text: node.configuration)
            var values = try ConfigurationReader(table: SettingTable(), environment: [:]).read(file: file)
            try ConfigurationRules.apply(to: &values)
            let configuration = try NodeConfiguration(values)
            #expect(configuration.node.name == node.name)
            #expect(configuration.node.dataDirectory == node.directory + "/data")
            #expect(configuration.cluster.members.map(\.address) == plan.nodes.map(\.peer.description))
            #expect(configuration.grpc.listen == node.grpc && configuration.http.listen == node.http)
            #expect(configuration.resp.listen == node.resp)
            #expect(configuration.engine.type == "memory" && configuration.engine.durability == .synced)
            #expect(configuration.cluster.replication == 2 && configuration.log.level == .debug)
        }
    }

    @Test func nodesBeyondTheMembersAreToJoin() throws {
        let plan = try plan { ($0.nodes, $0.members) = (3, 2) }
        #expect(plan.newcomers.map(\.name) == ["node2"])
        for node in plan.nodes {
            let file = try ConfigurationFile(path: "c", text: node.configuration)
            var values = try ConfigurationReader(table: SettingTable(), environment: [:]).read(file: file)
            try ConfigurationRules.apply(to: &values)
            let cluster = try NodeConfiguration(values).cluster
            #expect(cluster.members.map(\.name) == ["node0", "node1"])
            #expect(cluster.join == (node.name == "node2"))
        }
        #expect(
            plan.table.hasSuffix(
                "no member yet: kvnode cluster join node2@127.0.0.1:7421 --endpoint 127.0.0.1:7400\n"))
    }

    @Test func requestsThatMakeNoCluster() {
        let requests: [(String, (inout DevPlan.Request) -> Void)] = [
            ("2 engines for 3 nodes", { ($0.nodes, $0.engines) = (3, ["rocksdb", "lmdb"]) }),
            ("has no such engine", { $0.engines = ["lmbd"] }),
            ("lacks that engine", { $0.engines = ["leveldb"] }),
            ("0 nodes", { $0.nodes = 0 }), ("101 nodes", { $0.nodes = 101 }),
            ("0 nodes", { $0.engines = [] }), ("4 members of 3 nodes", { $0.members = 4 }),
            ("0 members of 3 nodes", { $0.members = 0 }),
            ("65520 to 65543", { $0.basePort = 65_520 }), ("not within 1", { $0.basePort = 0 }),
        ]
        for (expected, change) in requests {
            #expect(Comment(rawValue: expected)) {
                try plan(change)
            } throws: { error in
                (error as? DevPlan.Failure)?.message.contains(expected) ?? false
            }
        }
    }

    @Test func theShellsVariablesReachNodesUnlessTheirFilesDecide() {
        let environment = DevPlan.environment(from: [
            "KVNODE_NODE_NAME": "x", "KVNODE_ENGINE_TYPE": "lmdb", "KVNODE_CONFIG": "/c",
            "KVNODE_REQUESTS_HEDGE_MS": "5", "PATH": "/bin",
        ])
        #expect(
            environment == ["KVNODE_REQUESTS_HEDGE_MS": "5", "PATH": "/bin", "KVNODE_LOG_FORMAT": "text"])
        #expect(DevPlan.environment(from: ["KVNODE_LOG_FORMAT": "json"]) == ["KVNODE_LOG_FORMAT": "json"])
    }
}
