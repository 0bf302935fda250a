/// Whose log it is.
struct LogSource: Sendable {
    var node: String
    var cluster: String
    var version: String
}
