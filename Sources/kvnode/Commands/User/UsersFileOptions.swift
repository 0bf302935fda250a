import ArgumentParser
import Credentials

/// Which users file a command is about.
struct UsersFileOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The users file; without one, access.users_file of the configuration.", valueName: "path"))
    var usersFile: String?

    @OptionGroup var configuration: ConfigurationOptions

    /// Runs `body`; what is wrong with the file is printed and becomes the process's exit code.
    func run<Result>(_ body: (UsersFileStore) throws -> Result) throws -> Result {
        let store = UsersFileStore(path: try path())
        do {
            return try body(store)
        } catch let error as UsersFileError {
            Output.standardError.write("kvnode: \(error)\n")
            throw ExitCode.failure
        }
    }

    private func path() throws -> String {
        if let usersFile { return usersFile }
        guard let path = try configuration.load().configuration.access.usersFile else {
            throw ValidationError("the configuration has no access.users_file; give --users-file")
        }
        return path
    }
}

extension [User] {
    /// The place of a user.
    ///
    /// - Throws: What the command ends with if there is none, which is said.
    func place(of name: String) throws(ExitCode) -> Int {
        if let place = firstIndex(where: { $0.name == name }) { return place }
        Output.standardError.write("kvnode: there is no user \(name)\n")
        throw .notFound
    }
}
