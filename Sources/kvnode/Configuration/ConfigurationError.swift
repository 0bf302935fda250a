/// Everything that is wrong with a configuration, so that an operator mends it in one go.
struct ConfigurationError: Error, CustomStringConvertible {
    /// One line each; never empty.
    var problems: [String]

    init(_ problems: [String]) { self.problems = problems }

    var description: String {
        "the configuration is not valid:\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}
