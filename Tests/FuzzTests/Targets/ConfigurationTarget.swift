import Engine

#if canImport(kvnode)
@testable import kvnode
#else
@testable import NodeSettings
#endif

extension FuzzTarget {
    /// A configuration file, and a variable of the environment beside it.
    static let configuration = FuzzTarget(
        "configuration", maxBytes: 2048, heap: HeapAllowance(perByte: 4096, base: 4 << 20)
    ) { bytes in
        var input = Input(bytes)
        let variable = input.byte()
        let value = variable == 0 ? "" : String(decoding: input.block(), as: UTF8.self)
        let text = String(decoding: input.all(), as: UTF8.self)
        let settings = ConfigurationTarget.table.settings
        // 0 is no variable.
        let name = variable == 0 ? nil : settings[Int(variable) % settings.count].environmentName
        guard
            let values = try? ConfigurationTarget.read(text, name.map { [$0: value] } ?? [:])
        else { return false }
        // What `kvnode config` shows of it is a file that gives the same node.
        let shown = ConfigurationReport(values: values).yaml
        let again: EffectiveConfiguration
        do {
            again = try ConfigurationTarget.read(shown, [:])
        } catch {
            throw FuzzFailure(description: "what is shown of a configuration is none: \(error)\n\(shown)")
        }
        for (one, other) in zip(values.entries, again.entries) where !one.setting.isSecret {
            try claim(one.value == other.value, "\(one.setting.key) is shown as another value")
        }
        return true
    }
}

private enum ConfigurationTarget {
    /// The one engine that every build has.
    private static let engines: [any EngineFactory.Type] = [MemoryEngineFactory.self]
    static let table = SettingTable(engines: engines)

    static func read(_ text: String, _ environment: [String: String]) throws -> EffectiveConfiguration {
        let file = try ConfigurationFile(path: "node.yaml", text: text)
        var values = try ConfigurationReader(table: table, environment: environment).read(file: file)
        try ConfigurationRules.apply(to: &values)
        _ = try NodeConfiguration(values, engines: engines, processors: 4)
        return values
    }
}
