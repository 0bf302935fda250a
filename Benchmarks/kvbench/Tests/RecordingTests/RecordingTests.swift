import Results
import Testing
import Workloads

@testable import Recording

@Suite struct RecordingTests {
    private func shape(_ pairs: (NodeSample, NodeSample)...) throws -> WorkloadShape {
        var recording = Recording()
        for (before, after) in pairs { try recording.add(before, after, endpoint: "here:7402") }
        return try recording.shape(begun: "2026-12-01T10:00:00Z", seconds: 10)
    }

    @Test func `it is the difference of two samples, over all nodes`() throws {
        let shape = try shape(
            (
                .sample(
                    "a", uptime: 5_000, requests: ["get": 100, "put": 7], notFound: 50,
                    values: ([0, 0, 7], [0, 0, 21])),
                .sample(
                    "a", uptime: 15_000, requests: ["get": 400, "put": 10], notFound: 80,
                    values: ([0, 0, 9, 1], [0, 0, 26, 4]), samples: 300, counters: [[0, 300, 0]])
            ),
            (
                .sample("b", uptime: 1_000),
                .sample(
                    "b", uptime: 11_000, requests: ["get": 100, "delete": 3, "update": 2, "list": 92],
                    notFound: 10, samples: 100, counters: [[0, 100, 0]])
            ))
        #expect(shape.nodes == 2 && shape.seconds == 10 && shape.rate == 50)
        #expect(
            shape.operations == WorkloadShape.Operations(get: 400, put: 3, delete: 3, update: 2, list: 92))
        #expect(shape.notFound == 0.1)
        #expect(
            shape.valueBytes == [
                WorkloadShape.Sizes(from: 2, to: 3, count: 2, mean: 2.5),
                WorkloadShape.Sizes(from: 4, to: 7, count: 1, mean: 4),
            ])
        #expect(shape.valueBytes.mean == 3)
        #expect(shape.popularity.samples == 400 && shape.popularity.shares == [1])
    }

    @Test func `a key is followed by its label, and one that is new counts for what is sure`() throws {
        let shape = try shape(
            (
                .sample(samples: 1_000, counters: [[4, 700, 0], [9, 300, 50]]),
                .sample(
                    uptime: 10_000, requests: ["get": 1_000], samples: 2_000,
                    counters: [[4, 1_200, 0], [12, 500, 200], [9, 300, 50]])
            ))
        #expect(shape.popularity.samples == 1_000)
        #expect(shape.popularity.shares == [0.5, 0.3])
        let pairs = 500.0 * 499 + 300 * 299
        #expect(abs(shape.popularity.coincidence - pairs / (1_000 * 999)) < 1e-12)
    }

    @Test func `keys of several nodes count once`() throws {
        var random = SplitMix64(seed: 8)
        let hashes = (0..<400).map { _ in random.next() }
        let shape = try shape(
            (
                .sample("a"),
                .sample(
                    "a", uptime: 1_000, requests: ["get": 300], hashes: Array(hashes[..<300]), samples: 300)
            ),
            (
                .sample("b"),
                .sample(
                    "b", uptime: 1_000, requests: ["get": 300], hashes: Array(hashes[100...]), samples: 300)
            ))
        #expect((340...460).contains(shape.keys))
    }

    @Test func `lists alone have no keys`() throws {
        let shape = try shape((.sample(), .sample(uptime: 1_000, requests: ["list": 5])))
        #expect(shape.keys == 0 && shape.popularity.exponent == 0 && shape.popularity.shares == [])
    }

    @Test func `what can't be recorded is said`() throws {
        #expect(throws: RecordingError.nothingAsked(seconds: 10)) {
            _ = try shape((.sample(uptime: 1), .sample(uptime: 2)))
        }
        #expect(throws: RecordingError.hasRestarted("node0")) {
            _ = try shape((.sample(started: 1), .sample(started: 2, uptime: 1, requests: ["get": 1])))
        }
        #expect(throws: RecordingError.isAnother("here:7402", before: "a", now: "b")) {
            _ = try shape((.sample("a"), .sample("b")))
        }
        #expect(throws: RecordingError.isTwice("a")) {
            _ = try shape((.sample("a"), .sample("a")), (.sample("a"), .sample("a")))
        }
        #expect(throws: RecordingError.tooFewSamples(99)) {
            _ = try shape((.sample(), .sample(uptime: 1, requests: ["get": 9_000], samples: 99)))
        }
        #expect(throws: RecordingError.isOff("here:7402", node: "node0")) {
            _ = try NodeSample.sample(every: 0)
        }
    }

    @Test(arguments: ["", "{}", "[1]", #"{"node": "a", "started_ms": 1, "uptime_ms": 1, "sample_every": 1}"#])
    func `what no node tells is refused`(_ json: String) {
        #expect(throws: RecordingError.isNoNode("here:1")) { _ = try NodeSample(json: json, from: "here:1") }
    }
}
