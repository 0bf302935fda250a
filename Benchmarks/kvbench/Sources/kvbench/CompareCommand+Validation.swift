import ArgumentParser
import Results

extension CompareCommand {
    func validate() throws {
        if endpoints.isEmpty { try validateStarted() } else { try validateRunning() }
        if let rate, !(0.1...10_000_000).contains(rate) {
            throw ValidationError("a rate is from 0.1 to 10,000,000 operations a second")
        }
    }

    private func validateStarted() throws {
        if let builds { try builds.validate() } else { try load.bench.requireKvnode() }
        try Settings.validate(settings)
        try load.validateStarted()
        guard http.isEmpty else {
            throw ValidationError("--http is of clusters of --endpoints, of which there is none")
        }
    }

    private func validateRunning() throws {
        guard load.engines == nil, load.nodes == nil, builds == nil, settings.isEmpty else {
            throw ValidationError(
                "--engines, --nodes, --builds and --settings are of nodes that are started; those of --endpoints have what they have"
            )
        }
        guard load.records.values.count == 1 else {
            throw ValidationError("a cluster of --endpoints is loaded once: name one number of records")
        }
        guard Set(endpoints.map(\.name)).count == endpoints.count else {
            throw ValidationError("several clusters need a name each: --endpoints NAME=HOST:PORT,HOST:PORT")
        }
        guard load.durability.all.count == 1 else {
            throw ValidationError(
                "the nodes of --endpoints have one durability: the one that they were started with")
        }
        for scenario in load.scenarios where scenario.incident != nil {
            throw ValidationError(
                "\"\(scenario.name)\" does something to nodes, which kvbench can only do to those that it starts: leave out --endpoints, or \"\(scenario.name)\""
            )
        }
        _ = try Endpoints.http(of: endpoints, said: http, speaksHTTP: load.driver == .http)
    }
}
