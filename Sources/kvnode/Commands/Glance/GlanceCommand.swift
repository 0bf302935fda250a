import ArgumentParser

struct GlanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show a cluster at a glance: its nodes, their load, and what is wrong.",
        discussion: """
            What is wrong comes first, the worst at the top, each line with "!". The members are those that the asked nodes know; \
            what is to be copied, hints, disk and load each node tells of itself alone, so name several with --endpoint. The load \
            is that of a second, or of --window. kvnode cluster status has more on one node's view, kvnode top repeats this one.

            Example: kvnode status --endpoint 10.0.0.1:7400,10.0.0.2:7400,10.0.0.3:7400

            \(ExitCode.glanceDiscussion)
            """)

    @OptionGroup var nodes: NodesOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "How long the load is measured, such as 500ms, 10s or 1m. (default: 1s)", valueName: "time"))
    var window: TimeSpan?

    @Flag(name: .long, help: "Print JSON, errors included.")
    var json = false

    func run() async throws {
        var survey = try NodeSurvey(nodes, json: json)
        let earlier = try await survey.ask()
        guard Glance(earlier) != nil else { throw earlier.report(json: json) }
        try await Task.sleep(for: .milliseconds(Int64(clamping: window?.milliseconds ?? 1_000)))
        let answers = try await survey.ask()
        guard let glance = Glance(answers, since: earlier) else { throw answers.report(json: json) }
        let style = TextStyle(.standardOutput)
        try Output.standardOutput.print(
            json ? try JSONText.encode(GlanceOutput(glance)) : glance.text(style))
        if !glance.problems.isEmpty { throw ExitCode.attention }
    }
}

extension ExitCode {
    static let glanceDiscussion = """
        Exit codes: 0 done, and all is well, 1 another failure, 2 something is wrong, 4 no node can be reached, 64 bad arguments, \
        141 nobody reads the output any more.
        """
}

extension NodeSurvey.Answers {
    /// Prints why no node has answered, and gives the exit code for that.
    func report(json: Bool) -> ExitCode {
        var code: ExitCode?
        for case .failure(let failure) in self {
            let one = failure.report(json: json)
            code = code ?? one
        }
        return code ?? .failure
    }
}
