import Testing

@testable import kvbench

@Suite struct SettingsTests {
    @Test func `settings have a name and values`() throws {
        let settings = try Settings("traced:tracing.endpoint=http://127.0.0.1:4318,tracing.sample_ratio=0.01")
        #expect(settings.name == "traced")
        #expect(
            settings.values == [
                "tracing.endpoint": "http://127.0.0.1:4318", "tracing.sample_ratio": "0.01",
            ])
        #expect(
            settings.environment == [
                "KVNODE_TRACING_ENDPOINT": "http://127.0.0.1:4318", "KVNODE_TRACING_SAMPLE_RATIO": "0.01",
            ])
    }

    @Test func `a name alone is what nodes have anyway`() throws {
        #expect(try Settings("plain").values == [:])
    }

    @Test func `a value may be empty, and may have an equals sign`() throws {
        #expect(try Settings("x:a.b=,c.d=e=f").values == ["a.b": "", "c.d": "e=f"])
    }

    @Test(arguments: [
        ("", "is no NAME:KEY=VALUE"), (":a=b", "is no NAME:KEY=VALUE"), ("a=b", "is no NAME:KEY=VALUE"),
        ("x:", "is no KEY=VALUE"), ("x:a", "\"a\" is no KEY=VALUE"), ("x:=b", "\"=b\" is no KEY=VALUE"),
        ("x:a=b,", "\"\" is no KEY=VALUE"), ("x:a=1,a=2", "sets a twice"),
    ])
    func `what is no settings is refused with the reason`(_ text: String, _ reason: String) {
        do {
            _ = try Settings(text)
            Issue.record("\"\(text)\" is taken")
        } catch {
            #expect("\(error)".contains(reason), "\(error)")
        }
    }

    @Test func `one alone and two of a name are not compared`() throws {
        #expect(throws: (any Error).self) { try Settings.validate([Settings("x")]) }
        #expect(throws: (any Error).self) { try Settings.validate([Settings("x"), Settings("x:a=b")]) }
        try Settings.validate([])
        try Settings.validate([Settings("x"), Settings("y:a=b")])
    }
}
