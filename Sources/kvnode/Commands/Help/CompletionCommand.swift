import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a script that has a shell complete kvnode's commands and options.",
        discussion: """
            bash: source <(kvnode completion bash), in ~/.bashrc. zsh: kvnode completion zsh > DIRECTORY/_kvnode, a directory of \
            $fpath. fish: kvnode completion fish > ~/.config/fish/completions/kvnode.fish.

            Example: kvnode completion bash

            \(ExitCode.plainDiscussion)
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish

        var completion: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    @Argument(help: "The shell.")
    var shell: Shell

    func run() throws {
        try Output.standardOutput.print(Kvnode.completionScript(for: shell.completion) + "\n")
    }
}
