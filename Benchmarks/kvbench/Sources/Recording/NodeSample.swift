import Foundation

/// What a node tells of its clients' requests at `GET /v1/workload` (docs/operations.md). All counts are since its start.
public struct NodeSample: Equatable, Sendable {
    public struct Histogram: Decodable, Equatable, Sendable {
        var counts: [Int]
        var sums: [Int]

        /// Of sizes of 32 binary digits at most.
        fileprivate var isSound: Bool { counts.count == sums.count && counts.count <= 33 }
    }

    public struct Popularity: Equatable, Sendable {
        var samples: Int
        var counters: [Counter]
    }

    /// Of a key that is asked for often.
    public struct Counter: Equatable, Sendable {
        var label: Int
        var count: Int
        var error: Int
    }

    public var node: String
    var startedMillis: Int
    var uptimeMillis: Int
    /// By kind.
    var requests: [String: Int]
    var notFound: Int
    var keyBytes: Histogram
    var valueBytes: Histogram
    var listLimits: Histogram
    var keyRegisters: [UInt8]
    var popularity: Popularity

    /// - Parameter endpoint: Where it was asked, for errors.
    /// - Throws: `RecordingError` if it isn't what a node tells, or the node does not watch its requests.
    public init(json: String, from endpoint: String) throws(RecordingError) {
        let data = Data(json.utf8)
        do {
            let head = try JSONDecoder().decode(Head.self, from: data)
            guard head.sample_every > 0 else { throw RecordingError.isOff(endpoint, node: head.node) }
            let told = try JSONDecoder().decode(Told.self, from: data)
            guard let registers = Data(base64Encoded: told.key_registers),
                registers.count == KeyEstimate.registers,
                told.popularity.counters.allSatisfy({ $0.count == 3 }),
                [told.key_bytes, told.value_bytes, told.list_limits].allSatisfy(\.isSound)
            else { throw RecordingError.isNoNode(endpoint) }
            node = head.node
            (startedMillis, uptimeMillis) = (head.started_ms, head.uptime_ms)
            (requests, notFound) = (told.requests, told.not_found)
            (keyBytes, valueBytes, listLimits) = (told.key_bytes, told.value_bytes, told.list_limits)
            keyRegisters = Array(registers)
            popularity = Popularity(
                samples: told.popularity.samples,
                counters: told.popularity.counters.map { Counter(label: $0[0], count: $0[1], error: $0[2]) })
        } catch let error as RecordingError {
            throw error
        } catch {
            throw .isNoNode(endpoint)
        }
    }

    private struct Head: Decodable {
        var node: String
        var started_ms: Int
        var uptime_ms: Int
        var sample_every: Int
    }

    private struct Told: Decodable {
        struct Popularity: Decodable {
            var samples: Int
            var counters: [[Int]]
        }

        var requests: [String: Int]
        var not_found: Int
        var key_bytes: Histogram
        var value_bytes: Histogram
        var list_limits: Histogram
        var key_registers: String
        var popularity: Popularity
    }
}

/// Why nothing can be recorded.
public enum RecordingError: Error, Equatable, CustomStringConvertible {
    case isNoNode(String)
    case isOff(String, node: String)
    case isAnother(String, before: String, now: String)
    case isTwice(String)
    case hasRestarted(String)
    case nothingAsked(seconds: Double)
    case tooFewSamples(Int)

    public var description: String {
        switch self {
        case .isNoNode(let endpoint):
            "\(endpoint) does not tell what kvnode tells at /v1/workload: is it the HTTP port of a node of this release?"
        case .isOff(let endpoint, let node):
            "\(node) (\(endpoint)) does not watch requests: its requests.workload_sample_every is 0"
        case .isAnother(let endpoint, let before, let now):
            "at \(endpoint) there was \(before), and now \(now) answers"
        case .isTwice(let node): "\(node) answers at two of the endpoints"
        case .hasRestarted(let node): "\(node) has started anew meanwhile: record once more"
        case .nothingAsked(let seconds): "no client asked these nodes for anything within \(Int(seconds)) s"
        case .tooFewSamples(let count):
            "only \(count) requests were sampled, too few to tell how unevenly keys are asked for: record for longer, or have the nodes sample more (requests.workload_sample_every)"
        }
    }
}

extension RecordingError: LocalizedError {
    public var errorDescription: String? { description }
}
