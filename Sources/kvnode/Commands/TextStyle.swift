import Foundation

/// How text looks where a person reads it on a terminal and has not asked to be spared that.
struct TextStyle {
    static let plain = TextStyle(isOn: false)

    private var isOn: Bool

    private init(isOn: Bool) { self.isOn = isOn }

    /// Plain unless `isTerminal`, also if NO_COLOR is set to anything (https://no-color.org) or the terminal is a dumb one.
    init(isTerminal: Bool, environment: [String: String]) {
        isOn = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    init(_ output: Output) {
        self.init(isTerminal: output.isTerminal, environment: ProcessInfo.processInfo.environment)
    }

    /// A line by itself, without its end.
    func heading(_ text: String) -> String { wrap(text, "1") }
    func bad(_ text: String) -> String { wrap(text, "31") }
    func good(_ text: String) -> String { wrap(text, "32") }

    private func wrap(_ text: String, _ code: String) -> String {
        isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// What is wrong, one line for each, or that nothing is.
    func problems(_ problems: [String]) -> String {
        problems.isEmpty ? good("all is well") + "\n" : problems.map { bad("! \($0)") + "\n" }.joined()
    }
}
