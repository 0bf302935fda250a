import Foundation
import Results
import Testing

@Suite struct StoredTests {
    private static var whole: Comparison {
        var comparison = Comparison.sample([
            .sample(
                "lmdb",
                [
                    .sample(
                        errors: ["late": 1], p99: 0.1 + 0.2, userBytes: 5, syncs: 3,
                        kinds: ["read": .sample(count: 7)],
                        curve: [.init(percentile: 99.9, microseconds: 1.5)],
                        timeline: [Second(operations: 4, errors: 1, p99: 2.25)],
                        events: [Event(second: 1.5, name: "node2 killed")])
                ])
        ])
        comparison.seed = .max
        comparison.options.rate = 1_000
        comparison.partial = "interrupted"
        return comparison
    }

    @Test func `what was written is read`() throws {
        try withFile { file in
            try Self.whole.write(to: file)
            #expect(try Comparison.read(from: file) == Self.whole)
        }
    }

    @Test func `keys are sorted, on lines of their own`() throws {
        try withFile { file in
            try Self.whole.write(to: file)
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            // Those of the outermost object are the least indented.
            let keys = lines.filter { $0.hasPrefix("  \"") }.map { $0.split(separator: "\"")[1] }
            #expect(
                keys == [
                    "begun", "cells", "command", "format", "machine", "options", "partial", "seed",
                    "versions",
                ])
        }
    }

    @Test func `another format is refused, whatever else the file holds`() throws {
        try withFile { file in
            try Data(#"{"format": 7, "cells": "not what they are now"}"#.utf8).write(to: file)
            let error = #expect(throws: ComparisonError.self) { try Comparison.read(from: file) }
            #expect(error == .otherFormat(file: file.path, found: 7))
            #expect(
                error?.description
                    == "\(file.path) has format 7, this kvbench reads format 1: use the kvbench that wrote it, or measure again"
            )
        }
    }

    @Test(arguments: [
        (#"{"format": 1}"#, "begun is missing"), (#"{"seed": 1}"#, "format is missing"),
        ("[1, 2]", ""), ("no JSON", ""),
    ])
    func `what is no comparison is refused with the reason`(_ text: String, _ reason: String) throws {
        try withFile { file in
            try Data(text.utf8).write(to: file)
            let error = try #require(
                #expect(throws: ComparisonError.self) { try Comparison.read(from: file) })
            #expect(error.description.hasPrefix("\(file.path) is no comparison written by kvbench: "))
            #expect(reason.isEmpty || error.description.hasSuffix(reason), "\(error)")
        }
    }
}
