import ArgumentParser

/// How client commands end; their help says the same.
extension ExitCode {
    static let notFound = ExitCode(2)
    static let siblings = ExitCode(3)
    static let unavailable = ExitCode(4)
    static let conditionFailed = ExitCode(5)
    /// As a shell reports the end by SIGPIPE.
    static let brokenPipe = ExitCode(141)
    /// As ArgumentParser has it (EX_USAGE of sysexits.h).
    static let usage = ExitCode(64)

    static let clientDiscussion = """
        Exit codes: 0 done, 1 another failure, 2 the key has no value, 3 the key has several concurrent values, 4 too \
        few replicas answered in time, or the node can't be reached or is overloaded, 5 a condition didn't hold, \
        64 bad arguments, or the node found the request invalid, 141 nobody reads the output any more.
        """
}
