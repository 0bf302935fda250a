import ClusterCore
import Testing

@testable import kvnode

@Suite struct ConfigurationRulesTests {
    private static let three = "cluster: {members: [node0@a:1, b@b:1, c@c:1]}"

    @Test(arguments: [
        ("", 1, 1, 1), (Self.three, 3, 2, 2), ("cluster: {members: [node0@a:1, b@b:1]}", 2, 2, 2),
        ("cluster: {members: [node0@a:1, b@b:1, c@c:1], replication: 1}", 1, 1, 1),
        (Self.three + "\nbuckets: {n: 1}", 1, 1, 1), (Self.three + "\nbuckets: {w: 3}", 3, 2, 3),
    ])
    func quorumsFitTheCluster(yaml: String, n: Int, r: Int, w: Int) throws {
        let defaults = try Sources(yaml: yaml).configuration().bucketDefaults
        #expect([defaults.n, defaults.r, defaults.w] == [n, r, w])
    }

    @Test(arguments: [
        (
            Self.three + "\nbuckets: {n: 4}",
            "buckets.n is \"4\" (file test.yaml:2), but a key has 3 replicas here"
        ),
        (
            Self.three + "\nbuckets: {n: 2, r: 3}",
            "buckets.r is \"3\" (file test.yaml:2), but must be at most buckets.n"
        ),
        (Self.three + "\nbuckets: {w: 4}", "buckets.w is \"4\""),
        ("requests: {timeout_ms: 70000}", "must be at most requests.max_timeout_ms is \"60000\" (default)"),
        ("peer: {max_batch_bytes: 2000000}", "requests.max_value_bytes is \"8388608\" (default)"),
        ("grpc: {max_message_bytes: 8388608}", "less 65536 for what comes with a value"),
        ("peer: {backoff_min_ms: 6000}", "peer.backoff_min_ms is \"6000\""),
        (
            "handoff: {max_bytes: 1000}",
            "handoff.max_bytes_per_target is \"1073741824\" (default), but must be at most handoff.max_bytes"
        ),
        ("handoff: {max_bytes_in_flight: 200000000}", "but must be at most peer.max_queued_bytes"),
        (
            "peer: {max_batch_bytes: 9000000}\nlayout: {fill_page_bytes: 9000001}",
            "layout.fill_page_bytes is \"9000001\" (file test.yaml:2), but must be at most peer.max_batch_bytes"
        ),
        (
            "gossip: {ping_timeout_ms: 1000}",
            "gossip.ping_timeout_ms is \"1000\" (file test.yaml:1), but must be less than gossip.period_ms"
        ),
        ("peer: {advertise: '0.0.0.0:7401'}", "peer.advertise is \"0.0.0.0:7401\""),
        (
            "cluster: {members: [a@h:1], join: true}\npeer: {listen: '0.0.0.0:7401'}\ninsecure: true",
            "peer.listen is \"0.0.0.0:7401\" (file test.yaml:2), where no other node finds this one"
        ),
        ("requests: {list_limit: 2000}", "requests.list_limit is \"2000\""),
        ("cluster: {members: [a@h:1]}", "node.name is \"node0\" (default), but cluster.members has only: a"),
        (
            "cluster: {members: [node0@h:1], join: true}",
            "cluster.join is \"true\" (file test.yaml:1), but cluster.members has node0"
        ),
        (
            "cluster: {seeds: ['h:1']}",
            "cluster.seeds is \"h:1\" (file test.yaml:1), which is for nodes that join: cluster.join is \"false\""
        ),
        (
            "cluster: {seeds: ['h:1'], members: [a@h:1], join: true}",
            "but cluster.members says whom to ask: give one of the two"
        ),
        ("cluster: {join: true}", "but neither cluster.members nor cluster.seeds says where the cluster is"),
        ("cluster: {members: [node0@h:1, node0@h:2]}", "cluster.members names node0 twice"),
        ("cluster: {members: [node0@h:1, b@h:1]}", "gives node0 and b the same address h:1"),
        (
            "http: {listen: 127.0.0.1:7400}",
            "http.listen is \"127.0.0.1:7400\" (file test.yaml:1), which grpc.listen has"
        ),
    ])
    func violationsAreNamed(yaml: String, expected: String) throws {
        let problems = try Sources(yaml: yaml).problems()
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }

    @Test(arguments: ["127.0.0.1", "127.1.2.3", "[::1]", "localhost"])
    func portsForThisMachineNeedNoProtection(host: String) throws {
        let yaml = ["peer", "grpc", "http", "resp"].map { "\($0): {listen: '\(host):0'}" }
        let node = try Sources(yaml: yaml.joined(separator: "\n")).configuration()
        #expect(node.access.exposures.isEmpty)
    }

    @Test(arguments: ["0.0.0.0", "10.0.0.1", "[::]", "node0.example", "127.0.0.1.example", "127.0.1"])
    func portsForOtherMachinesAreInsecure(host: String) throws {
        for key in ["peer", "grpc", "http", "resp"] {
            let yaml = "\(key): {listen: '\(host):0'}"
            let problems = try Sources(yaml: yaml).problems()
            #expect(problems.count == 1)
            #expect(problems.first?.contains("\(key).listen is") == true, "\(problems)")
            #expect(problems.first?.contains("insecure: true") == true)
            // Then it is allowed, and there is something to warn of.
            let node = try Sources(yaml: yaml + "\ninsecure: true").configuration()
            #expect(node.access.exposures.count == 1)
            // Users alone don't keep passwords from being overheard, and between nodes there are none.
            let users = try Sources(yaml: yaml + "\naccess: {users_file: /u}").problems()
            #expect(users.count == 1)
            #expect(users.first?.contains("without TLS") == true, "\(users)")
        }
    }

    @Test func aNodeThatJoinsIsNotListedAndTakesTheClustersReplicas() throws {
        let values = try Sources(yaml: "cluster: {members: [a@h:1], join: true}").values()
        #expect(values.int("buckets.n") == 3 && values.int("buckets.w") == 2)
    }

    @Test func portZeroMayBeSharedAndAllProblemsAreToldAtOnce() throws {
        let free = "{listen: 127.0.0.1:0}"
        #expect(try Sources(yaml: "http: \(free)\ngrpc: \(free)\npeer: \(free)").problems().isEmpty)
        #expect(try Sources(yaml: "buckets: {n: 4}\nrequests: {timeout_ms: 70000}").problems().count == 2)
    }
}
