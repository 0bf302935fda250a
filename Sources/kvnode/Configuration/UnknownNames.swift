import Engine

/// Finds the keys and variables that name no setting, or one twice: a misspelt key must not be a default in silence.
struct UnknownNames {
    var table: SettingTable

    /// Variables with kvnode's prefix that aren't settings: the client's, and where the configuration file is.
    static let otherVariables = Set(
        ["KVNODE_ENDPOINT", "KVNODE_CONFIG"] + ClientVariable.allCases.map(\.rawValue))

    /// One problem for each key of `file` that names no setting, or that comes twice.
    func inFile(_ file: ConfigurationFile) -> [String] {
        var problems: [String] = []
        var lines: [String: Int?] = [:]
        for entry in file.entries {
            let place = Origin.file(path: file.path, line: entry.line)
            if let earlier = lines[entry.key] {
                let first = earlier.map { "line \($0)" } ?? "above"
                problems.append("\(entry.key) is set twice (\(place)), first in \(first)")
            } else {
                lines[entry.key] = .some(entry.line)
            }
            if table[entry.key] != nil { continue }
            let group = members(of: entry.key)
            if entry.shape == .null, !group.isEmpty { continue }
            problems.append("\(entry.key) is not a setting (\(place))" + hint(for: entry.key, group: group))
        }
        return problems
    }

    /// One problem for each variable that starts with KVNODE_ and names no setting.
    func inEnvironment(_ environment: [String: String]) -> [String] {
        let names = environment.keys.filter { $0.hasPrefix("KVNODE_") }
        if names.isEmpty { return [] }
        let known = Set(table.settings.map(\.environmentName))
        return names.sorted().compactMap { name in
            guard !known.contains(name), !Self.otherVariables.contains(name),
                !Self.isServiceLink(name, environment[name] ?? "")
            else { return nil }
            return "the variable \(name) names no setting"
                + NearestName.hint(for: name, among: known.sorted())
        }
    }

    /// Kubernetes tells every container of the services beside it: those of one called `kvnode` or `kvnode-grpc` have the
    /// prefix of our settings (`KVNODE_SERVICE_HOST`, `KVNODE_GRPC_PORT_7400_TCP_ADDR`, ...).
    private static func isServiceLink(_ name: String, _ value: String) -> Bool {
        if name.contains("SERVICE_HOST") || name.contains("SERVICE_PORT") { return true }
        if name.hasSuffix("_PORT") || name.contains("_PORT_") {
            return value.contains("://")
                || ["_PROTO", "_PORT", "_ADDR"].contains { name.hasSuffix("_TCP" + $0) }
        }
        return false
    }

    /// The settings of which `key` is a group.
    private func members(of key: String) -> [String] {
        let prefix = key + "."
        return table.settings.lazy.map(\.key).filter { $0.hasPrefix(prefix) }
    }

    private func hint(for key: String, group: [String]) -> String {
        if let first = group.first { return "; it is a group of settings, such as \(first)" }
        let parts = key.split(separator: ".").map(String.init)
        if parts.count == 3, parts[0] == "engine", EngineRegistry.traits[parts[1]] != nil,
            members(of: "engine.\(parts[1])").isEmpty
        {
            return "; this build of kvnode lacks the engine \(parts[1])"
        }
        return NearestName.hint(for: key, among: table.settings.map(\.key))
    }
}
