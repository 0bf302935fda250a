import Testing

@testable import kvnode

@Suite struct ConfigurationReaderTests {
    @Test func defaultsFileAndEnvironmentEachSayWhereTheyCameFrom() throws {
        let yaml = """
            node:
              name: a
            requests:
              timeout_ms: 70
              hedge_ms: 7
            """
        let values = try Sources(yaml: yaml, environment: ["KVNODE_REQUESTS_HEDGE_MS": "8"]).values()
        #expect(values.text("node.name") == "a")
        #expect(values["node.name"].origin == .file(path: "test.yaml", line: 2))
        #expect(values.int("requests.timeout_ms") == 70)
        #expect(values["requests.timeout_ms"].origin == .file(path: "test.yaml", line: 4))
        #expect(values.int("requests.hedge_ms") == 8)
        #expect(values["requests.hedge_ms"].origin == .environment(name: "KVNODE_REQUESTS_HEDGE_MS"))
        #expect(values["cluster.partitions"].origin == .defaultValue)
        #expect(values.int("cluster.partitions") == 256)
    }

    @Test func everyKeyCanBeSetByEnvironmentAndByFile() throws {
        for setting in SettingTable(engines: Sources.engines).settings where !setting.kind.isList {
            let text = setting.defaultValue.text
            let byVariable = try Sources(environment: [setting.environmentName: text]).reading()
            #expect(byVariable[setting.key].origin == .environment(name: setting.environmentName))
            #expect(byVariable[setting.key].value == setting.defaultValue)
            let byFile = try Sources(yaml: "\(setting.key): \(YAMLText.quote(text))").reading()
            #expect(byFile[setting.key].origin == .file(path: "test.yaml", line: 1))
            #expect(byFile[setting.key].value == setting.defaultValue)
        }
    }

    @Test func nestedAndDottedKeysAreTheSame() throws {
        let values = try Sources(yaml: "engine.toy: {cache_bytes: 11}\nengine:\n  toy.fast: false").values()
        #expect(values.int("engine.toy.cache_bytes") == 11)
        #expect(values["engine.toy.fast"].value == .bool(false))
    }

    @Test func listsComeFromYAMLAndFromCommas() throws {
        let expected = ["node0@h:1", "b@h:2;zone=z"]
        let file = try Sources(yaml: "cluster: {members: [node0@h:1, b@h:2;zone=z]}").values()
        #expect(file["cluster.members"].value == .list(expected))
        let variable = try Sources(environment: ["KVNODE_CLUSTER_MEMBERS": "node0@h:1, b@h:2;zone=z"])
            .values()
        #expect(variable["cluster.members"].value == .list(expected))
        let empty = try Sources(environment: ["KVNODE_CLUSTER_MEMBERS": ""]).values()
        #expect(empty["cluster.members"].value == .list([]))
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "node:\nengine:\n  toy:\n"])
    func filesWithoutKeysAreDefaults(yaml: String) throws {
        #expect(try Sources(yaml: yaml).values().entries.allSatisfy { $0.origin == .defaultValue })
    }

    @Test func aRefusalNamesKeyValueSourceAndRange() throws {
        let problems = try Sources(
            yaml: "cluster:\n  partitions: 100", environment: ["KVNODE_REQUESTS_TIMEOUT_MS": "0"]
        ).problems()
        #expect(
            problems == [
                "cluster.partitions is \"100\" (file test.yaml:2), but takes a power of two from 1 to 65536",
                "requests.timeout_ms is \"0\" (env KVNODE_REQUESTS_TIMEOUT_MS), but takes an integer from 1 to 3600000",
            ])
    }

    @Test func engineOptionsAreHeldToTheirOwnRange() throws {
        let problems = try Sources(yaml: "engine: {toy: {cache_bytes: 1001, compression: lz5}}").problems()
        #expect(problems.count == 2)
        #expect(problems[0].contains("engine.toy.cache_bytes is \"1001\""))
        #expect(problems[0].contains("an integer from 1 to 1000"))
        #expect(problems[1].contains("one of none, lz4; did you mean \"lz4\"?"))
    }

    @Test(arguments: [
        ("node: {name: [a]}", "node.name is a list (file test.yaml:1)"),
        ("cluster:\n  members: a@h:1", "cluster.members is a single value (file test.yaml:2)"),
        ("node:\n  name:\n", "node.name has no value (file test.yaml:2)"),
        ("cluster: {members: [node0@h:1, b]}", "cluster.members[1] is \"b\""),
        ("cluster: {seeds: ['h:1', 'h:0']}", "cluster.seeds[1] is \"h:0\""),
        ("cluster: {members: [{a: b}]}", "cluster.members is a list that holds more than plain words"),
        ("- a", "holds no keys"),
        ("a: [", "is not valid YAML"),
        ("node: {name: a}\nnode: {name: b}", "duplicated key(s): 'node'"),
    ])
    func shapesThatDoNotFit(yaml: String, expected: String) throws {
        let problems = try Sources(yaml: yaml).problems()
        #expect(problems.count == 1)
        #expect(problems.first?.contains(expected) == true, "\(problems)")
    }

    @Test func secretsAreNotShown() throws {
        var table = SettingTable(engines: Sources.engines)
        table.settings.append(Setting("peer.secret", .int(1...9), .int(1), isSecret: true, "A secret."))
        let reader = ConfigurationReader(table: table, environment: ["KVNODE_PEER_SECRET": "hunter2"])
        #expect {
            try reader.read(file: nil)
        } throws: { error in
            !"\(error)".contains("hunter2") && "\(error)".contains("peer.secret")
        }
        let values = try ConfigurationReader(table: table, environment: ["KVNODE_PEER_SECRET": "7"]).read(
            file: nil)
        let report = ConfigurationReport(values: values)
        #expect(report.yaml.contains("secret: \"***\""))
        #expect(try report.json.contains("\"value\" : \"***\""))
    }

    @Test(arguments: [
        "a\u{1}b", "a\u{85}b", "a\u{9F}b", "a\u{2028}b", "a\u{FEFF}", "a\u{FFFE}", "a\"\\b # c", "é\u{301}",
        // Each of these is one character to Swift, and eleven to Foundation.
        String(repeating: "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}", count: 20),
    ])
    func whatIsShownGivesTheSameNode(path: String) throws {
        let shown = try Sources(environment: ["KVNODE_NODE_DATA_DIRECTORY": path]).values()
        let again = try Sources(yaml: ConfigurationReport(values: shown).yaml).values()
        #expect(again["node.data_directory"].value == .text(path))
        #expect(again.entries.map(\.value) == shown.entries.map(\.value))
    }

    @Test func aliasesOfAliasesAreNoEndlessFile() {
        var lines = ["a0: &a0 {}"]
        for depth in 1...40 { lines.append("a\(depth): &a\(depth) {x: *a\(depth - 1), y: *a\(depth - 1)}") }
        #expect {
            try ConfigurationFile(path: "test.yaml", text: lines.joined(separator: "\n"))
        } throws: { error in
            "\(error)".contains("test.yaml has more than 4096 keys")
        }
    }
}

extension Sources {
    /// The values before the rules between them are applied.
    func reading() throws -> EffectiveConfiguration {
        let file = try yaml.map { try ConfigurationFile(path: "test.yaml", text: $0) }
        return try ConfigurationReader(table: SettingTable(engines: Self.engines), environment: environment)
            .read(file: file)
    }
}
