import Foundation
import Results
import Testing

@testable import Report

extension WorkloadShape {
    static let sample = WorkloadShape(
        begun: "2026-12-01T10:00:00Z", nodes: 3, seconds: 60, operations: Operations(get: 5_400, put: 600),
        notFound: 0.01, keyBytes: [Sizes(from: 8, to: 15, count: 6_000, mean: 9)],
        valueBytes: [
            Sizes(from: 64, to: 127, count: 300, mean: 100), Sizes(from: 128, to: 255, count: 300, mean: 200),
        ],
        listLimits: [], keys: 12_345,
        popularity: Popularity(exponent: 0.97, samples: 90, coincidence: 0.02, shares: [0.1, 0.05]))
}

@Suite struct ShapeTests {
    @Test func `what is written is read`() throws {
        try withFile { file in
            try WorkloadShape.sample.write(to: file)
            #expect(try WorkloadShape.read(from: file) == .sample)
        }
    }

    @Test func `another format, another file, and what can't be are refused`() throws {
        var (other, none, negative, steep, small) = (
            WorkloadShape.sample, WorkloadShape.sample, WorkloadShape.sample, WorkloadShape.sample,
            WorkloadShape.sample
        )
        other.format = 2
        none.operations = WorkloadShape.Operations()
        negative.operations.get = -1
        steep.popularity.exponent = 4.5
        small.valueBytes[0].mean = 63
        for (shape, reason) in [
            (other, "has format 2"), (none, "operations"), (negative, "operations"), (steep, "exponent"),
            (small, "sizes from 64 to 127"),
        ] {
            try withFile { file in
                try shape.write(to: file)
                let error = try #require(throws: ShapeError.self) { try WorkloadShape.read(from: file) }
                #expect(error.description.contains(reason) && error.description.contains(file.path))
            }
        }
        try withFile { file in
            try Data(#"{"format": 1}"#.utf8).write(to: file)
            let error = try #require(throws: ShapeError.self) { try WorkloadShape.read(from: file) }
            #expect(error.description.contains("kvbench record") && error.description.contains("is missing"))
        }
    }

    @Test func `a report says what was recorded, and a baseline that it differs`() {
        let text = Facts.text(.sample)
        #expect(
            text
                == "2026-12-01T10:00:00Z, 3 nodes for 60 s; 100 operations/s (90% get, 10% put); about 12,345 keys, by Zipf's law with the exponent 0.97; values of 150 bytes on average, from 64 to 255"
        )
        var comparison = Comparison.sample()
        #expect(!Facts(comparison).pairs.contains { $0.name == "Recorded workload" })
        let before = comparison
        comparison.shape = .sample
        #expect(Facts(comparison).pairs.last?.text == text)
        #expect(Conditions.differences(before, comparison) == ["recorded workload: none, now \(text)"])
    }
}
