import ArgumentParser

struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man",
        abstract: "Print the manual page of kvnode, made of the help of all commands.",
        discussion: """
            To read it: kvnode man | man -l - . To install it: kvnode man > DIRECTORY/man1/kvnode.1, a directory of manpath.

            Example: kvnode man

            \(ExitCode.plainDiscussion)
            """)

    func run() throws {
        let help = try CommandHelp(dump: Kvnode._dumpHelp())
        try Output.standardOutput.print(ManualPage(help, version: Version.current).text)
    }
}
