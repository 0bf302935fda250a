import Configuration

/// The values in force, each with where it came from.
struct EffectiveConfiguration: Sendable {
    struct Entry: Sendable {
        var setting: Setting
        var value: Setting.Value
        var origin: Origin
    }

    /// In the table's order.
    private(set) var entries: [Entry]
    private var index: [String: Int] = [:]

    init(entries: [Entry]) {
        self.entries = entries
        for (position, entry) in entries.enumerated() { index[entry.setting.key] = position }
    }

    /// The entry of a key that the table has.
    subscript(key: String) -> Entry {
        get { entries[position(of: key)] }
        set { entries[position(of: key)] = newValue }
    }

    private func position(of key: String) -> Int {
        guard let position = index[key] else { preconditionFailure("no setting is called \(key)") }
        return position
    }
}

/// Reads a configuration by a table of settings: the environment wins over the file, the file over the defaults.
struct ConfigurationReader {
    var table: SettingTable
    /// The environment's variables, also those that aren't kvnode's.
    var environment: [String: String]

    /// - Parameter file: The configuration file, if one was named.
    /// - Throws: `ConfigurationError` with every problem of every source.
    func read(file: ConfigurationFile?) throws -> EffectiveConfiguration {
        var problems = UnknownNames(table: table).inEnvironment(environment)
        if let file { problems += UnknownNames(table: table).inFile(file) }
        let variables = EnvironmentVariablesProvider(environmentVariables: environment)
        var entries: [EffectiveConfiguration.Entry] = []
        for setting in table.settings {
            do throws(ConfigurationError) {
                entries.append(try entry(for: setting, variables: variables, file: file))
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return EffectiveConfiguration(entries: entries)
    }

    private func entry(
        for setting: Setting, variables: EnvironmentVariablesProvider, file: ConfigurationFile?
    ) throws(ConfigurationError) -> EffectiveConfiguration.Entry {
        if environment[setting.environmentName] != nil {
            let origin = Origin.environment(name: setting.environmentName)
            let key = AbsoluteConfigKey(["kvnode"] + setting.components)
            let value = try parse(setting, origin) { type in
                try variables.value(forKey: key, type: type).value
            }
            return .init(setting: setting, value: value, origin: origin)
        }
        if let file, let values = file.values,
            let outline = file.entries.first(where: { $0.key == setting.key })
        {
            let origin = Origin.file(path: file.path, line: outline.line)
            try checkShape(outline.shape, of: setting, origin)
            let key = AbsoluteConfigKey(setting.components)
            let value = try parse(setting, origin) { type in try values.value(forKey: key, type: type).value }
            return .init(setting: setting, value: value, origin: origin)
        }
        return .init(setting: setting, value: setting.defaultValue, origin: .defaultValue)
    }

    private func checkShape(
        _ shape: ConfigurationFile.Shape, of setting: Setting, _ origin: Origin
    ) throws(ConfigurationError) {
        let found: String
        switch (shape, setting.kind.isList) {
        case (.scalar, false), (.list, true): return
        case (.null, _): found = "has no value"
        case (.scalar, true): found = "is a single value"
        case (.list, false): found = "is a list"
        }
        throw ConfigurationError(["\(setting.key) \(found) (\(origin)), but takes \(setting.kind.accepted)"])
    }

    /// Looks a value up as text, so that one set of rules reads it from every source, and checks it.
    private func parse(
        _ setting: Setting, _ origin: Origin, _ lookUp: (ConfigType) throws -> ConfigValue?
    ) throws(ConfigurationError) -> Setting.Value {
        let content: ConfigContent?
        do {
            content = try lookUp(setting.kind.isList ? .stringArray : .string)?.content
        } catch {
            throw ConfigurationError(["\(setting.key) can't be read (\(origin)): \(error)"])
        }
        switch content {
        case .string(let text):
            guard let value = setting.kind.parse(text) else {
                throw ConfigurationError([refusal(of: text, by: setting, origin)])
            }
            return value
        case .stringArray(let items):
            // An empty variable is an empty list.
            return try parse(items == [""] ? [] : items, setting, origin)
        default:
            preconditionFailure("\(setting.key) was listed in its source, but isn't there")
        }
    }

    private func parse(
        _ items: [String], _ setting: Setting, _ origin: Origin
    ) throws(ConfigurationError) -> Setting.Value {
        var problems: [String] = []
        for (position, item) in items.enumerated() {
            if let problem = setting.kind.problem(with: item) {
                problems.append("\(setting.key)[\(position)] is \"\(item)\" (\(origin)): \(problem)")
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return .list(items)
    }

    private func refusal(of text: String, by setting: Setting, _ origin: Origin) -> String {
        let shown = setting.isSecret ? "a value that isn't shown" : "\"\(text)\""
        let start = "\(setting.key) is \(shown) (\(origin)), but "
        switch setting.kind {
        case .engine(let names):
            return start + EngineRegistry.explainAbsence(of: text, among: names)
        case .choice(let names):
            return start + "takes \(setting.kind.accepted)" + NearestName.hint(for: text, among: names)
        default:
            return start + "takes \(setting.kind.accepted)"
        }
    }
}
