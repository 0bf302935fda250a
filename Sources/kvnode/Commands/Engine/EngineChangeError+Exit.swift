import ArgumentParser

extension EngineChangeError {
    /// Prints why nothing was done, and answers with the exit code that it stands for.
    func tell(asJSON json: Bool) throws -> ExitCode {
        if json {
            let words = ["code": kind.rawValue, "message": description]
            try Output.standardOutput.print(try JSONText.encode(["error": words]))
        } else {
            Output.standardError.write("kvnode: \(self)\n")
        }
        return exitCode
    }

    private var exitCode: ExitCode {
        switch kind {
        case .failed: .failure
        case .nothingToDo: ExitCode(2)
        case .inUse: ExitCode(3)
        case .noSpace: ExitCode(4)
        }
    }
}
