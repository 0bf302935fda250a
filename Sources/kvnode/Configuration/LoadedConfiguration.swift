import Foundation

/// A configuration from all its sources: the values with their origins, and what they amount to.
struct LoadedConfiguration {
    var values: EffectiveConfiguration
    var configuration: NodeConfiguration

    /// - Parameter path: The YAML file, or nil for none.
    /// - Throws: `ConfigurationError`.
    init(path: String?, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        let file = try path.map { path in
            do {
                let text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
                return try ConfigurationFile(path: path, text: text)
            } catch let error as ConfigurationError {
                throw error
            } catch {
                throw ConfigurationError(["\(path) can't be read: \(error.localizedDescription)"])
            }
        }
        values = try ConfigurationReader(table: SettingTable(), environment: environment).read(file: file)
        try ConfigurationRules.apply(to: &values)
        configuration = try NodeConfiguration(values)
    }
}
