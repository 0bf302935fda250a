/// Where a value of the configuration came from.
enum Origin: Equatable, Sendable, CustomStringConvertible {
    case defaultValue
    case file(path: String, line: Int?)
    case environment(name: String)

    /// A word for scripts: `default`, `file` or `env`.
    var kind: String {
        switch self {
        case .defaultValue: "default"
        case .file: "file"
        case .environment: "env"
        }
    }

    var description: String {
        switch self {
        case .defaultValue: "default"
        case .file(let path, let line?): "file \(path):\(line)"
        case .file(let path, nil): "file \(path)"
        case .environment(let name): "env \(name)"
        }
    }
}
