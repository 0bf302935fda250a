import ClusterCore
import Engine

@testable import kvnode

/// An engine that only has options, so that tests don't depend on what a build has.
enum ToyEngineFactory: EngineFactory {
    static let name = "toy"
    static let options = [
        EngineOption("cache_bytes", .int(1...1000), default: "10", help: "Cache."),
        EngineOption("fast", .bool, default: "true", help: "Speed."),
        EngineOption("compression", .choice(["none", "lz4"]), default: "none", help: "Compression."),
    ]

    static func open(at path: String, options: EngineOptions) throws(EngineError) -> any StorageEngine {
        throw EngineError(.invalidArgument, "a toy does not open")
    }
}

/// The whole way from sources to a node's configuration, with `ToyEngineFactory` as the only engine.
struct Sources {
    static let engines: [any EngineFactory.Type] = [ToyEngineFactory.self]

    var yaml: String?
    var environment: [String: String] = [:]

    func values() throws -> EffectiveConfiguration {
        let file = try yaml.map { try ConfigurationFile(path: "test.yaml", text: $0) }
        let table = SettingTable(engines: Self.engines)
        var values = try ConfigurationReader(table: table, environment: environment).read(file: file)
        try ConfigurationRules.apply(to: &values)
        return values
    }

    func configuration(processors: Int = 4) throws -> NodeConfiguration {
        try NodeConfiguration(try values(), engines: Self.engines, processors: processors)
    }

    /// What is wrong with the sources; empty if they are valid.
    func problems() throws -> [String] {
        do {
            _ = try configuration()
            return []
        } catch let error as ConfigurationError {
            return error.problems
        }
    }
}
