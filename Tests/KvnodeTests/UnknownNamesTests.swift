import Testing

@testable import kvnode

@Suite struct UnknownNamesTests {
    @Test(arguments: [
        (
            "engine: {typ: toy}",
            "engine.typ is not a setting (file test.yaml:1); did you mean \"engine.type\"?"
        ),
        (
            "request: {timeout_ms: 1}",
            "request.timeout_ms is not a setting (file test.yaml:1); "
                + "did you mean \"requests.timeout_ms\"?"
        ),
        (
            "engine: toy",
            "engine is not a setting (file test.yaml:1); it is a group of settings, such as engine.type"
        ),
        ("\nxyzzy: 1", "xyzzy is not a setting (file test.yaml:2)"),
        (
            "engine: {lmdb: {max_readers: 1}}",
            "engine.lmdb.max_readers is not a setting (file test.yaml:1); "
                + "this build of kvnode lacks the engine lmdb"
        ),
        (
            "node: {name: {x: 1}}",
            "node.name.x is not a setting (file test.yaml:1); did you mean \"node.name\"?"
        ),
    ])
    func inFile(yaml: String, expected: String) throws {
        #expect(try Sources(yaml: yaml).problems() == [expected])
    }

    @Test func aKeyThatIsNestedAndDottedIsSetTwice() throws {
        let problems = try Sources(yaml: "node.name: node0\nnode:\n  name: node0").problems()
        #expect(problems == ["node.name is set twice (file test.yaml:3), first in line 1"])
    }

    @Test func inEnvironment() throws {
        let problems = try Sources(environment: ["KVNODE_ENGNE_TYPE": "toy", "KVNODE_QQ": "", "OTHER": "1"])
            .problems()
        #expect(
            problems == [
                "the variable KVNODE_ENGNE_TYPE names no setting; did you mean \"KVNODE_ENGINE_TYPE\"?",
                "the variable KVNODE_QQ names no setting",
            ])
    }

    @Test(arguments: [
        ("KVNODE_ENDPOINT", "h:1"), ("KVNODE_CONFIG", "/x"), ("KVNODE_SERVICE_HOST", "10.0.0.1"),
        ("KVNODE_GRPC_SERVICE_PORT", "7400"), ("KVNODE_SERVICE_PORT_HTTP", "7402"),
        ("KVNODE_PORT", "tcp://10.0.0.1:7400"), ("KVNODE_PORT_7400_TCP", "tcp://10.0.0.1:7400"),
        ("KVNODE_PORT_7400_TCP_ADDR", "10.0.0.1"), ("KVNODE_GRPC_PORT_7400_TCP_PROTO", "tcp"),
    ])
    func variablesOfOthersAreLeftAlone(name: String, value: String) throws {
        #expect(try Sources(environment: [name: value]).problems().isEmpty)
    }

    @Test func anUnknownPortIsNoServiceLink() throws {
        #expect(try Sources(environment: ["KVNODE_GRPC_PORT": "7400"]).problems().count == 1)
    }

    @Test func anEngineThatTheBuildLacks() throws {
        #expect(
            try Sources(yaml: "engine: {type: rocksdb}").problems() == [
                "engine.type is \"rocksdb\" (file test.yaml:1), but this build of kvnode lacks that engine "
                    + "(package trait RocksDB); it has: toy"
            ])
        #expect(
            try Sources(environment: ["KVNODE_ENGINE_TYPE": "toi"]).problems() == [
                "engine.type is \"toi\" (env KVNODE_ENGINE_TYPE), but this build of kvnode has no such engine; "
                    + "it has: toy; did you mean \"toy\"?"
            ])
    }

    @Test func theRegistryHasMemoryAndWhatTheTraitsSay() {
        var expected = ["memory"]
        #if LMDB
        expected.insert("lmdb", at: 0)
        #endif
        #if LevelDB
        expected.insert("leveldb", at: 0)
        #endif
        #if RocksDB
        expected.insert("rocksdb", at: 0)
        #endif
        #expect(EngineRegistry.names == expected)
    }
}
