import ArgumentParser
import ObjectStorage

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch a cluster: kvnode status, again and again.",
        discussion: """
            On a terminal it fills the screen, and ends with q or ^C; elsewhere it writes one view below the other, each with the \
            time. The load is that since the view before.

            Example: kvnode top --interval 5s --endpoint 10.0.0.1:7400,10.0.0.2:7400,10.0.0.3:7400

            Exit codes: 0 ended as told, 1 another failure, 4 no node can be reached at the beginning, 64 bad arguments, 141 nobody \
            reads the output any more.
            """)

    @OptionGroup var nodes: NodesOptions

    @Option(
        name: .long,
        help: ArgumentHelp(
            "From one view to the next, such as 500ms or 10s. (default: 2s)", valueName: "time"))
    var interval: TimeSpan?

    @Option(name: .long, help: ArgumentHelp("End after so many views.", valueName: "number"))
    var count: UInt32?

    @Flag(name: .long, help: "Print JSON: one line for each view.")
    var json = false

    func validate() throws {
        if count == 0 { throw ValidationError("--count is 1 at least") }
    }

    func run() async throws {
        var survey = try NodeSurvey(nodes, json: json)
        let answers = try await survey.ask()
        guard Glance(answers) != nil else { throw answers.report(json: json) }
        let isScreen = !json && Output.standardOutput.isTerminal
        let input = TerminalInput(readsKeys: isScreen)
        let screen = isScreen ? Screen() : nil
        defer {
            screen?.end()
            input.end()
        }
        let (command, asked, wishes) = (self, survey, input.wishes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await command.watch(asked, answers, on: screen) }
            group.addTask { for await _ in wishes { return } }
            // Whichever comes first: the last view, or the wish to end.
            _ = try await group.next()
            group.cancelAll()
        }
    }

    /// - Parameter answers: Those of the first view.
    private func watch(
        _ survey: NodeSurvey, _ answers: NodeSurvey.Answers, on screen: Screen?
    ) async throws {
        var (survey, answers, earlier) = (survey, answers, NodeSurvey.Answers())
        let pause = Duration.milliseconds(Int64(clamping: interval?.milliseconds ?? 2_000))
        var shown: UInt32 = 0
        while !Task.isCancelled {
            try show(answers, since: earlier, on: screen)
            shown += 1
            if shown == count { return }
            try await Task.sleep(for: pause)
            earlier = answers
            answers = try await survey.ask()
        }
    }

    private func show(
        _ answers: NodeSurvey.Answers, since earlier: NodeSurvey.Answers, on screen: Screen?
    ) throws {
        let glance = Glance(answers, since: earlier)
        if json {
            if let glance { try Output.standardOutput.print(try JSONText.line(GlanceOutput(glance))) }
            return
        }
        let style = TextStyle(.standardOutput)
        let text = glance?.text(style) ?? style.problems(Glance.unreachable(answers))
        let now = Int(WallClock.now())
        let time = LogLine.format(seconds: now, milliseconds: 0)
        if let screen {
            screen.show(style.heading("kvnode top, \(time); q ends") + "\n" + text)
        } else {
            try Output.standardOutput.print("\(time)\n\(text)\n")
        }
    }
}
