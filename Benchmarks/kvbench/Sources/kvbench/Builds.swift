import ArgumentParser
import Foundation

/// Executables of kvnode that are compared with each other, in the words of the command line: NAME=PATH,NAME=PATH.
struct Builds: Equatable {
    struct Build: Equatable {
        var name: String
        /// Absolute.
        var path: String
    }

    var all: [Build]

    init(_ text: String) throws {
        all = try text.split(separator: ",").map { part in
            let words = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard words.count == 2 else { throw ValidationError("\"\(part)\" is no NAME=PATH") }
            return Build(name: words[0], path: URL(fileURLWithPath: words[1]).path)
        }
        guard Set(all.map(\.name)).count == all.count else {
            throw ValidationError("\"\(text)\" names a build twice")
        }
    }

    func validate() throws {
        guard all.count > 1 else { throw ValidationError("one build has nothing to be compared with") }
        for build in all where !FileManager.default.isExecutableFile(atPath: build.path) {
            throw ValidationError("there is no kvnode at \(build.path)")
        }
    }

    /// Their paths, by what a report calls them.
    var versioned: [String: String] {
        Dictionary(uniqueKeysWithValues: all.map { ("kvnode \($0.name)", $0.path) })
    }
}
